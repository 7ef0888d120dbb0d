// Tags of hostile files: an answer or a CLVP_AUDIO, soon, in little memory.
import fc from 'fast-check'
import t from 'tap'
import { readSoundMetadata } from '../../dist/lib/index.js'
import { fuzz } from '../fuzz/readers/driver.js'
import { soundMetadataReader } from '../fuzz/readers/sound_metadata.js'

const damaged = { code: 'CLVP_AUDIO' }
const u32 = (value) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
const riff = (...parts) => Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE'), ...parts])
const flac = (...parts) => Buffer.concat([Buffer.from('fLaC'), ...parts])
const comments = (...parts) => {
  const content = Buffer.concat(parts)
  return flac(Buffer.of(0x84, content.length >> 16, content.length >> 8, content.length), content)
}

t.test('changed files', async (t) => {
  const { outcomes } = await fuzz(soundMetadataReader, { runs: 5000, seconds: 8 })
  t.comment(JSON.stringify(outcomes))
  t.ok(outcomes.read > 100 && outcomes.CLVP_AUDIO > 100)
})

t.test('any bytes behind a header', async (t) => {
  const header = fc.constantFrom(riff(), riff(Buffer.from('LIST')), flac(), flac(Buffer.of(4)), comments())
  await fc.assert(
    fc.asyncProperty(header, fc.uint8Array({ maxLength: 200 }), async (start, bytes) => {
      const found = await readSoundMetadata(Buffer.concat([start, bytes])).catch((error) => error)
      return found.code === undefined
        ? Object.getPrototypeOf(found) === Object.prototype
        : found.code === 'CLVP_AUDIO'
    }),
    { numRuns: 2000 },
  )
  t.pass()
})

t.test('sizes and counts that are not there', async (t) => {
  const info = (...parts) =>
    riff(Buffer.from('LIST'), u32(4 + Buffer.concat(parts).length), Buffer.from('INFO'), ...parts)
  for (const bytes of [
    riff(Buffer.from('LIST'), u32(2 ** 32 - 1), Buffer.from('INFO'), Buffer.alloc(9)),
    info(Buffer.from('ICMT'), u32(2 ** 32 - 1), Buffer.from('hello')),
    info(Buffer.from('ICMT'), u32(6), Buffer.from('hello')),
    flac(),
    flac(Buffer.of(0)),
    flac(Buffer.of(4, 0xff, 0xff, 0xff)),
    comments(u32(2 ** 32 - 1)),
    comments(u32(0), u32(2 ** 32 - 1)),
    comments(u32(0), u32(1), u32(9), Buffer.from('a=b')),
    comments(u32(0)),
  ])
    await t.rejects(readSoundMetadata(bytes), damaged)
})

t.test('a sound of unknown or too large a size has no more chunks', async (t) => {
  for (const size of [2 ** 32 - 1, 100]) {
    t.same(await readSoundMetadata(riff(Buffer.from('data'), u32(size), Buffer.alloc(10))), {})
  }
})

t.test('more than there is reason for', async (t) => {
  const empty = Buffer.concat(Array.from({ length: 5000 }, () => Buffer.from('junk\0\0\0\0')))
  await t.rejects(readSoundMetadata(riff(empty)), { ...damaged, message: /1024 chunks/ })
  await t.rejects(readSoundMetadata(flac(Buffer.alloc(40_000))), { ...damaged, message: /1024 chunks/ })
  await t.rejects(readSoundMetadata(Buffer.from('ID3\0\0\0\0\0\0\0'.repeat(5000), 'latin1')), damaged)
  const large = 2 ** 20 + 100
  await t.rejects(readSoundMetadata(comments(Buffer.alloc(large))), { ...damaged, message: /more than/ })
  await t.rejects(
    readSoundMetadata(riff(Buffer.from('LIST'), u32(large + 4), Buffer.from('INFO'), Buffer.alloc(large))),
    { ...damaged, message: /more than/ },
  )
})

t.test('names of properties are names', async (t) => {
  const tag = (text) => [u32(text.length), Buffer.from(text)]
  const texts = ['__proto__=x', 'constructor=y', 'a=1', 'A=2', '=z', 'none', 'a b=3'].flatMap(tag)
  const found = await readSoundMetadata(comments(u32(0), u32(7), ...texts))
  t.same(Object.entries(found), [
    ['__proto__', 'x'],
    ['constructor', 'y'],
    ['a', '1'],
    ['a_b', '3'],
  ])
  t.equal({}.x, undefined)
})
