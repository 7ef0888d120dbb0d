// Files that programs stop, cut or leave half done: voices and audits read what is there, and tell what was odd.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { hearClip, readClip } from '../../dist/lib/audio/clips.js'
import { repairOddFile } from '../../dist/lib/audio/odd_files.js'
import { auditClip, Clvp, Voice } from '../../dist/lib/index.js'
import { speech } from '../helpers/signals.js'
import { wavOf } from '../helpers/wav.js'

const sampleRate = 22050
const whole = Buffer.from(wavOf({ samples: speech(3), sampleRate }))
const start = whole.indexOf('data') + 8
const hear = (bytes) => hearClip(Uint8Array.from(bytes), 'clip', sampleRate)
const length = async (bytes) => (await readClip(Uint8Array.from(bytes), 'clip', sampleRate)).length
const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0
const skip = !hasFfmpeg && 'ffmpeg is not installed'

/** A file of the same sound in another format. */
function encoded(t, name, ...options) {
  const dir = t.testdir({ 'in.wav': whole })
  const { status, stderr } = spawnSync('ffmpeg', ['-i', join(dir, 'in.wav'), ...options, join(dir, name)])
  if (status !== 0) throw new Error(String(stderr).slice(-300))
  return readFileSync(join(dir, name))
}

t.test('a file as it should be', async (t) => {
  t.equal((await hear(whole)).odd, undefined)
  t.equal(repairOddFile(whole), undefined)
})

t.test('a WAV whose header was never completed', async (t) => {
  const bytes = Buffer.from(whole)
  bytes.writeUInt32LE(0, start - 4)
  const { samples, odd } = await hear(bytes)
  t.equal(samples.length, await length(whole))
  t.match(odd, /header says that it has no samples/)
  bytes.writeUInt32LE(0, 4)
  t.equal((await hear(bytes)).samples.length, samples.length, 'nor its other size')
  const empty = Buffer.concat([bytes.subarray(0, start), Buffer.from('LIST\x04\0\0\0INFO', 'latin1')])
  await t.rejects(hear(empty), { code: 'CLVP_AUDIO' }, 'other chunks are no samples')
})

t.test('a WAV that ends early', async (t) => {
  const all = await length(whole)
  for (const lost of [1, 2, 3, 1000, whole.length - start - 5000]) {
    const { samples, odd } = await hear(whole.subarray(0, whole.length - lost))
    t.equal(samples.length, all - Math.ceil(lost / 2), `${lost} bytes`)
    t.match(odd, /ends early: \d+ of the 132300 bytes/)
  }
  for (const lost of [whole.length - start, whole.length - start + 1, whole.length - 3]) {
    await t.rejects(hear(whole.subarray(0, whole.length - lost)), { code: 'CLVP_AUDIO' }, 'nothing is there')
  }
})

t.test('an MP3 with something before it', { skip }, async (t) => {
  const bytes = encoded(t, 'a.mp3', '-write_xing', '0', '-id3v2_version', '0')
  const all = await length(bytes)
  for (const [title, before] of [
    ['zeros', Buffer.alloc(70_000)],
    ['a byte', Buffer.from('x')],
    ['junk', Buffer.alloc(999, 'junk')],
    ['zeros and junk', Buffer.concat([Buffer.alloc(500), Buffer.alloc(500, 1)])],
  ]) {
    const { samples, odd } = await hear(Buffer.concat([before, bytes]))
    t.equal(samples.length, all, title)
    t.equal(odd, `${before.length} bytes before its first frame were skipped`)
  }
  const half = await hear(bytes.subarray(200))
  t.ok(all - half.samples.length <= 2 * 1152 && half.samples.length < all, 'half a frame')
  t.match(half.odd, /bytes before its first frame/)
  await t.rejects(
    hear(Buffer.concat([Buffer.alloc(9000, 'junk'), bytes])),
    { code: 'CLVP_AUDIO' },
    'too much',
  )
  await t.rejects(hear(Buffer.concat([Buffer.from('\0\0\0\x18ftypM4A '), bytes])), /MP4/)
})

t.test('files that end early', { skip }, async (t) => {
  for (const [name, ...options] of [
    ['a.mp3'],
    ['a.flac'],
    ['a.ogg', '-c:a', 'libvorbis', '-page_duration', '100000'],
  ]) {
    const bytes = encoded(t, name, ...options)
    const all = await length(bytes)
    for (const share of [0.5, 0.9, 1 - 1 / bytes.length]) {
      const cut = bytes.subarray(0, Math.floor(share * bytes.length))
      const file = join(t.testdir({}), name)
      writeFileSync(file, cut)
      const { samples, odd } = await hear(cut)
      t.match(
        odd ?? 'one frame less',
        share < 0.95 || name !== 'a.mp3' ? /ends early/ : /./,
        `${name}, ${share}`,
      )
      const theirs = spawnSync('ffmpeg', ['-v', 'quiet', '-i', file, '-f', 'f32le', '-'], {
        maxBuffer: 2 ** 26,
      })
      const expected = theirs.stdout.length / 4
      // A damaged last frame or page is heard by one and not by the other.
      t.ok(Math.abs(samples.length - expected) <= 4608, `${samples.length} of ${all}, ffmpeg ${expected}`)
      t.ok(samples.length > (share - 0.25) * all)
    }
  }
})

t.test('any bytes', (t) => {
  const starts = [
    '',
    'ID3',
    'fLaC',
    'OggS',
    'RIFF\0\0\0\0WAVE',
    'RIFF\0\0\0\0WAVEfmt ',
    '\xff\xfb\x90\x00',
    '\xff\xf3\x10\xc0',
  ]
  const start = fc.constantFrom(...starts).map((text) => Buffer.from(text, 'latin1'))
  const pieces = fc.array(fc.oneof(start, fc.uint8Array({ maxLength: 60 }), fc.constant(Buffer.from('data'))))
  fc.assert(
    fc.property(start, pieces, (first, rest) => {
      const bytes = Buffer.concat([first, ...rest])
      const before = Buffer.from(bytes)
      const found = repairOddFile(bytes)
      return bytes.equals(before) && (found === undefined || found.odd.length > 0)
    }),
    { numRuns: 2000 },
  )
  t.equal(repairOddFile(Buffer.alloc(2 ** 25)), undefined, 'nothing but zeros')
  t.end()
})

t.test('where it is told', async (t) => {
  const cut = Uint8Array.from(whole.subarray(0, whole.length - 1))
  const odd = /ends early: 132299 of the 132300 bytes/
  t.match((await auditClip(cut)).findings, [{ code: 'odd-file', severity: 'warning', message: odd }])
  t.notMatch((await auditClip(Uint8Array.from(whole))).findings, [{ code: 'odd-file' }])
  const clvp = await Clvp.load(Clvp.demo, { threads: 1 })
  const voice = await clvp.voice([cut, Uint8Array.from(whole)])
  t.match(voice.origin.clips[0].odd, odd)
  t.notOk('odd' in voice.origin.clips[1])
  t.match(await clvp.score('Hello.', [cut]), [{ clip: 'clips[0]', odd }])
  t.notOk('odd' in (await clvp.score('Hello.', [Uint8Array.from(whole)]))[0])
  await t.rejects(clvp.encode(cut), { code: 'CLVP_AUDIO' }, 'codes cannot tell it')
  t.same(Voice.fromJSON(JSON.parse(JSON.stringify(voice))).origin, voice.origin)
  await clvp.dispose()
})
