// MP3, Opus and Ogg Vorbis as a stream: the bytes that ffmpeg prints, an error for anything else, and no process left.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import t from 'tap'
import { encodeSound } from '../../dist/lib/index.js'
import { speech } from '../helpers/signals.js'
import { decoded } from '../helpers/sound.js'

const samples = speech(20, 24_000)
const path = process.env.PATH
const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0
const settings = { sampleRate: 24_000, format: 'mp3' }

async function collect(stream) {
  const parts = []
  for await (const bytes of stream) parts.push(bytes)
  return Buffer.concat(parts)
}

/** Puts an ffmpeg that runs a script first on the PATH; without a script, nothing else is on it. */
function withProgram(t, script) {
  const dir = t.testdir({ bin: {} })
  const file = join(dir, 'bin', 'ffmpeg')
  if (script !== undefined) {
    const list = 'echo " A....D libmp3lame  MP3"'
    writeFileSync(file, `#!/bin/sh\ncase "$*" in *-encoders) ${list}; exit;; esac\n${script}\n`)
    chmodSync(file, 0o755)
  }
  process.env.PATH = script === undefined ? join(dir, 'bin') : `${join(dir, 'bin')}${delimiter}${path}`
  t.teardown(() => {
    process.env.PATH = path
  })
  return dir
}

t.test('an ffmpeg of our own making', { skip: process.platform === 'win32' && 'no sh' }, async (t) => {
  await t.test('its output is the stream, however much it is', async (t) => {
    withProgram(t, 'cat; exec sleep 0.1')
    const bytes = await collect(encodeSound([samples, samples], settings))
    t.ok(bytes.equals(Buffer.concat([samples, samples].map(({ buffer }) => Buffer.from(buffer)))))
  })

  await t.test('a reader that is slower than the program gets all of it', async (t) => {
    withProgram(t, 'cat')
    const parts = []
    for await (const bytes of encodeSound([samples], settings)) {
      parts.push(bytes)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    t.equal(Buffer.concat(parts).length, samples.byteLength)
  })

  await t.test('its failure is the error of the stream', async (t) => {
    withProgram(t, 'head -c 100; echo "no such luck" >&2; exit 3')
    await t.rejects(collect(encodeSound([samples], settings)), { code: 'CLVP_IO', message: /no such luck/ })
  })

  await t.test('a failure of the pieces ends it', async (t) => {
    const dir = withProgram(t, 'echo $$ > "$(dirname "$0")/../pid"; cat')
    mkdirSync(join(dir, 'out'), { recursive: true })
    const failing = (async function* () {
      yield samples
      throw new Error('mine')
    })()
    await t.rejects(collect(encodeSound(failing, settings)), { message: 'mine' })
    const pid = Number(spawnSync('cat', [join(dir, 'pid')]).stdout.toString())
    t.throws(() => process.kill(pid, 0), 'the process has ended')
  })

  await t.test('leaving the loop stops the pieces', async (t) => {
    withProgram(t, 'cat')
    let isStopped
    const stopped = new Promise((resolve) => {
      isStopped = resolve
    })
    const endless = (async function* () {
      try {
        for (;;) yield samples
      } finally {
        isStopped()
      }
    })()
    for await (const bytes of encodeSound(endless, settings)) if (bytes.length > 0) break
    await stopped
    t.pass('no more pieces are made')
  })

  await t.test('an abort rejects', async (t) => {
    withProgram(t, 'cat > /dev/null')
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 50)
    const endless = (async function* () {
      for (;;) yield samples
    })()
    const stream = encodeSound(endless, { ...settings, signal: stop.signal })
    await t.rejects(collect(stream), { code: 'CLVP_ABORTED' })
  })
})

t.test('without ffmpeg no piece is asked for', async (t) => {
  withProgram(t)
  const pieces = (function* () {
    t.fail('asked')
    yield samples
  })()
  await t.rejects(collect(encodeSound(pieces, settings)), { code: 'CLVP_UNSUPPORTED', message: /ffmpeg/ })
})

t.test('a bit depth is refused', async (t) => {
  t.throws(() => encodeSound([samples], { ...settings, bitDepth: 16 }), { code: 'CLVP_INVALID_ARGUMENT' })
})

t.test('the real ffmpeg', { skip: !hasFfmpeg && 'no ffmpeg' }, async (t) => {
  for (const format of ['mp3', 'ogg']) {
    const heard = await decoded(await collect(encodeSound([samples], { ...settings, format })), 24_000)
    t.ok(Math.abs(heard.length - samples.length) < 3000, `${format}: ${heard.length} samples`)
    const level = Math.sqrt(heard.reduce((sum, each) => sum + each * each, 0) / heard.length)
    t.ok(level > 0.01, `${format}: ${level}`)
  }
  const opus = await collect(encodeSound([samples], { ...settings, format: 'opus' }))
  t.equal(opus.subarray(28, 36).toString(), 'OpusHead')
})
