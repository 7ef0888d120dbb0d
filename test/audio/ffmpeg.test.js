// MP3, Opus and Ogg Vorbis by an installed ffmpeg: a file or a clear error, never a hang, and nothing left
// behind.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { encodeByFfmpeg } from '../../dist/lib/audio/output/ffmpeg.js'
import { writeNew } from '../../dist/lib/base/files.js'
import { Sound, saveSound, soundMetadata } from '../../dist/lib/index.js'
import { speech } from '../helpers/signals.js'
import { decoded } from '../helpers/sound.js'

const samples = speech(20, 24_000)
const metadata = soundMetadata({ text: 'Hi.', model: { name: 'tiny' }, seed: 1, candidate: 0 })
const sound = new Sound(samples, 24_000, { ...metadata, title: "it's $(a) title\n-y" })
const path = process.env.PATH
const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0

const list = 'echo " A....D libmp3lame  MP3"; echo " A....D libopus  Opus"'
/** The last argument is the file to write. */
const target = `for last; do :; done; out="\${last#file:}"`

/**
 * A folder for sounds, while the PATH has an ffmpeg that runs this script for anything but a list of
 * encoders.
 */
function withProgram(t, script, encoders = list) {
  const dir = t.testdir({ bin: {}, out: {} })
  const program = `#!/bin/sh\ncase "$*" in *-encoders) ${encoders}; exit;; esac\n${script}\n`
  if (script !== undefined) {
    writeFileSync(join(dir, 'bin', 'ffmpeg'), program)
    chmodSync(join(dir, 'bin', 'ffmpeg'), 0o755)
  }
  process.env.PATH = script === undefined ? join(dir, 'bin') : `${join(dir, 'bin')}${delimiter}${path}`
  t.teardown(() => {
    process.env.PATH = path
  })
  return join(dir, 'out')
}

const left = (dir) => readdirSync(dir)

t.test('an ffmpeg of our own making', { skip: process.platform === 'win32' && 'no sh' }, async (t) => {
  await t.test('gets the samples and the tags', async (t) => {
    const out = withProgram(
      t,
      `${target}; printf '%s\\n' "$@" > "$out.args"; mv "$out.args" "$(dirname "$out")/../args"; cat > "$out"`,
    )
    for (const name of ['-a.mp3', "it's $(b).opus"]) {
      await sound.save(join(out, name))
      t.ok(readFileSync(join(out, name)).equals(Buffer.from(samples.buffer)), name)
      const args = readFileSync(join(out, '..', 'args'), 'utf8')
      t.match(args, /^-metadata\ncomment=Synthetic speech/m)
      t.match(args, `-metadata\ntitle=${sound.metadata.title}`)
      t.match(args, '-ar\n24000\n-ac\n1\n-i\npipe:0')
    }
    t.same(left(out).sort(), ['-a.mp3', "it's $(b).opus"])
    await saveSound(join(out, 'b'), [samples.subarray(0, 5), samples.subarray(5)], {
      sampleRate: 24_000,
      format: 'mp3',
    })
    t.ok(readFileSync(join(out, 'b')).equals(Buffer.from(samples.buffer)))
    t.notMatch(readFileSync(join(out, '..', 'args'), 'utf8'), '-metadata\n')
  })

  await t.test('is missing', async (t) => {
    const out = withProgram(t, undefined)
    const pieces = function* () {
      t.fail('no sample is asked for')
      yield samples
    }
    for (const name of ['a.mp3', 'a.opus', 'a.ogg']) {
      await t.rejects(sound.save(join(out, name)), {
        code: 'CLVP_UNSUPPORTED',
        message: /apt install ffmpeg.*FLAC/,
      })
      await t.rejects(saveSound(join(out, name), pieces(), { sampleRate: 24_000 }), {
        code: 'CLVP_UNSUPPORTED',
      })
    }
    t.same(left(out), [])
  })

  await t.test('lacks the encoder', async (t) => {
    const out = withProgram(t, 'cat > /dev/null')
    await t.rejects(sound.save(join(out, 'a.ogg')), {
      code: 'CLVP_UNSUPPORTED',
      message: /libvorbis.*lacks it/,
    })
    t.same(left(out), [])
  })

  await t.test('fails', async (t) => {
    const cases = {
      'at once': ['echo first >&2; echo "Invalid argument" >&2; exit 3', /status 3: Invalid argument/],
      'at the end': ['cat > /dev/null; exit 1', /status 1/],
      'by a signal': ['kill -9 $$', /SIGKILL/],
      'and says it did well': ['exit 0', /before it had encoded/],
      'and says it did well at the end': ['cat > /dev/null', /before it had encoded/],
      'after it has written something': [`${target}; echo half > "$out"; exit 1`, /status 1/],
      'in the middle, and says it did well': [`${target}; head -c 9 > "$out"`, /before it had encoded/],
    }
    for (const [name, [script, message]] of Object.entries(cases)) {
      const out = withProgram(t, script)
      writeFileSync(join(out, 'a.mp3'), 'old')
      await t.rejects(sound.save(join(out, 'a.mp3')), { code: 'CLVP_IO', message }, name)
      t.same(left(out), ['a.mp3'])
      t.equal(readFileSync(join(out, 'a.mp3'), 'utf8'), 'old')
    }
  })

  await t.test('is no program', async (t) => {
    const out = withProgram(t, '')
    const program = join(out, '..', 'bin', 'ffmpeg')
    writeFileSync(program, Buffer.from('\x7fELF no program'))
    await t.rejects(sound.save(join(out, 'a.mp3')), { code: 'CLVP_IO', message: /ffmpeg/ })
    t.same(left(out), [])
  })

  await t.test('hangs', async (t) => {
    const cases = {
      'and takes nothing': ['exec sleep 100', samples],
      'and does not end': ['cat > /dev/null; exec sleep 100', samples],
      'with a short sound': ['exec sleep 100', samples.subarray(0, 10)],
      'and leaves a child behind': ['sleep 5 & exec sleep 100', samples],
    }
    for (const [name, [script, given]] of Object.entries(cases)) {
      const out = withProgram(t, script)
      const work = writeNew(join(out, 'a.mp3'), (file) =>
        encodeByFfmpeg(file, 'mp3', { pieces: [given], sampleRate: 24_000, tags: [] }, { patience: 300 }),
      )
      await t.rejects(work, { code: 'CLVP_IO', message: /no progress for 0\.3 s/ }, name)
      t.same(left(out), [])
    }
  })

  await t.test('is stopped by an abort', async (t) => {
    for (const script of [
      'echo $$ > "$(dirname "$0")/pid"; exec sleep 100',
      'echo $$ > "$(dirname "$0")/pid"; exec cat > /dev/null',
    ]) {
      const out = withProgram(t, script)
      const controller = new AbortController()
      async function* slow() {
        yield samples.subarray(0, 100)
        await new Promise(() => {})
      }
      const work = saveSound(join(out, 'a.mp3'), slow(), { sampleRate: 24_000, signal: controller.signal })
      const file = join(out, '..', 'bin', 'pid')
      for (let i = 0; i < 200 && !readdirSync(join(out, '..', 'bin')).includes('pid'); i++) await sleep(20)
      await sleep(50)
      controller.abort()
      await t.rejects(work, { code: 'CLVP_ABORTED' })
      t.throws(() => process.kill(Number(readFileSync(file, 'utf8')), 0), { code: 'ESRCH' }, 'it is gone')
      t.same(left(out), [])
    }
    const out = withProgram(t, 'exit 1')
    await t.rejects(sound.save(join(out, 'a.mp3'), { signal: AbortSignal.abort() }), { code: 'CLVP_ABORTED' })
  })

  await t.test('may wait long for the next piece', async (t) => {
    const out = withProgram(t, `${target}; cat > "$out"`)
    async function* slow() {
      yield samples.subarray(0, 100)
      await sleep(400)
      yield samples.subarray(100)
    }
    await writeNew(join(out, 'a.mp3'), (file) =>
      encodeByFfmpeg(file, 'mp3', { pieces: slow(), sampleRate: 24_000, tags: [] }, { patience: 300 }),
    )
    t.equal(readFileSync(join(out, 'a.mp3')).length, 4 * samples.length)
  })

  await t.test('ends what the producer fails in', async (t) => {
    const out = withProgram(t, 'exec cat > /dev/null')
    const mine = new Error('mine')
    const pieces = function* () {
      yield samples
      throw mine
    }
    await t.rejects(saveSound(join(out, 'a.mp3'), pieces(), { sampleRate: 24_000 }), mine)
    t.same(left(out), [])
  })
})

t.test('the real one', { skip: !hasFfmpeg && 'ffmpeg is not installed' }, async (t) => {
  const dir = t.testdir()
  mkdirSync(join(dir, 'again'))
  for (const name of ['a.mp3', 'a.ogg', 'a.opus']) {
    const file = join(dir, name)
    try {
      await sound.save(file)
    } catch (error) {
      t.match(error, { code: 'CLVP_UNSUPPORTED', message: /lacks it/ })
      continue
    }
    await sound.save(join(dir, 'again', name))
    t.ok(readFileSync(file).equals(readFileSync(join(dir, 'again', name))), `${name}: the same bytes again`)
    t.ok(readFileSync(file).includes('trainedAlgorithmicMedia'))
    if (name === 'a.opus') continue
    const back = await decoded(readFileSync(file), 24_000)
    t.ok(Math.abs(back.length - samples.length) < 3000, `${back.length} of ${samples.length} samples`)
    t.ok(back.some((value) => Math.abs(value) > 0.2))
  }
})
