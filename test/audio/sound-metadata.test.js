// What a saved sound says about itself is read back from WAV and FLAC, and says that a machine made it.
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { encodeSound, readSoundMetadata, Sound, soundMetadata } from '../../dist/lib/index.js'
import { decoded } from '../helpers/sound.js'

const wrong = { code: 'CLVP_INVALID_ARGUMENT' }
const samples = Float32Array.of(0, 0.5, -0.5)
const origin = { text: 'Hi, Zoë.', model: { name: 'tortoise', id: 'abc123' }, seed: 7, candidate: 3 }

const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,20}$/)
const known = fc.constantFrom('title', 'artist', 'comment', 'software', 'date', 'seed')
const text = fc.oneof(
  fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' }),
  fc.constantFrom('a\n{}', '{"a":"b"}', 'x\n{"seed":"1"}', 'é', 'a\nb', '=', 'a=b', '\n{', ' '),
)
const tags = fc
  .dictionary(fc.oneof(name, known), text, { maxKeys: 8 })
  .filter((found) => Object.values(found).every((each) => !each.includes('\0')))

t.test('any tags come back, and the samples too', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      tags,
      fc.constantFrom('toWav', 'toFlac'),
      fc.constantFrom(16, 24),
      async (metadata, how, bitDepth) => {
        const bytes = await new Sound(samples, 24_000, metadata)[how]({ bitDepth })
        t.same(await readSoundMetadata(bytes), metadata)
        t.same(await decoded(bytes, 24_000), samples)
      },
    ),
    { numRuns: 200 },
  )
})

t.test('provenance', async (t) => {
  const metadata = soundMetadata(origin)
  t.match(metadata, {
    comment: /made by a machine/,
    digital_source_type: 'trainedAlgorithmicMedia',
    software: /^node-clvp \d/,
    model: 'tortoise',
    model_hash: 'abc123',
    text_sha256: createHash('sha256').update('Hi, Zoë.').digest('hex'),
    seed: '7',
    candidate: '3',
  })
  t.notMatch(JSON.stringify(metadata), /Zo/, 'the text itself is not told')
  const dir = t.testdir()
  for (const format of ['wav', 'flac']) {
    const file = join(dir, `a.${format}`)
    await new Sound(samples, 24_000, metadata).save(file)
    t.same(await readSoundMetadata(file), metadata, format)
    await new Sound(samples, 24_000, metadata).save(file, { metadata: false })
    t.same(await readSoundMetadata(file), {}, `${format} without`)
  }
})

t.test('a part of the provenance', async (t) => {
  const { model_hash, seed, candidate } = soundMetadata({ text: 'a', model: { name: 'm' } })
  t.same([model_hash, seed, candidate], [undefined, undefined, undefined])
  for (const bad of [
    undefined,
    {},
    { text: 'a' },
    { ...origin, text: 5 },
    { ...origin, model: {} },
    { ...origin, model: { name: '' } },
    { ...origin, seed: -1 },
    { ...origin, seed: '1' },
    { ...origin, candidate: 0.5 },
    { ...origin, date: 'today' },
  ])
    t.throws(() => soundMetadata(bad), wrong)
})

t.test('the same call gives the same bytes', async (t) => {
  const make = () => new Sound(samples, 24_000, soundMetadata(origin)).toFlac()
  t.same(await make(), await make())
})

t.test('a WAV can be read by others: INFO before the samples', async (t) => {
  const wav = Buffer.from(
    await new Sound(samples, 24_000, { ...soundMetadata(origin), title: 'Hello' }).toWav(),
  )
  const list = wav.indexOf('LIST')
  t.ok(list > 0 && list < wav.indexOf('data'))
  t.equal(wav.toString('latin1', list + 8, list + 12), 'INFO')
  t.ok(wav.includes('INAM\x06\0\0\0Hello\0'))
  t.ok(wav.includes('ISFT'))
  t.ok(wav.includes('\n{"digital_source_type":"trainedAlgorithmicMedia"'))
})

t.test('a stream has them too', async (t) => {
  const metadata = soundMetadata(origin)
  for (const format of ['wav', 'flac']) {
    const parts = []
    for await (const bytes of encodeSound([samples], { sampleRate: 24_000, format, metadata }))
      parts.push(bytes)
    t.same(await readSoundMetadata(Buffer.concat(parts)), metadata, format)
  }
})

t.test('tags that cannot be written', async (t) => {
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`a${i}`, 'x']))
  for (const metadata of [
    null,
    'a',
    ['a'],
    { A: 'x' },
    { '1a': 'x' },
    { 'a b': 'x' },
    { a: '' },
    { a: 5 },
    { a: 'x\0y' },
    { a: '\ud800' },
    { a: 'x'.repeat(2 ** 14) },
    many,
  ]) {
    t.throws(() => new Sound(samples, 24_000, metadata), wrong)
    t.throws(() => encodeSound([samples], { sampleRate: 24_000, metadata }), wrong)
  }
})

t.test('files of others', async (t) => {
  const chunk = (id, content) => {
    const head = Buffer.alloc(8)
    head.write(id)
    head.writeUInt32LE(content.length, 4)
    return Buffer.concat([head, content, Buffer.alloc(content.length % 2)])
  }
  const list = chunk(
    'LIST',
    Buffer.concat([
      Buffer.from('INFO'),
      chunk('IART', Buffer.from('Zo\xeb\0', 'latin1')),
      chunk('ITCH', Buffer.from('me')),
      chunk('ICMT', Buffer.from('no\n{json')),
    ]),
  )
  const body = Buffer.concat([
    Buffer.from('WAVE'),
    chunk('junk', Buffer.alloc(3)),
    chunk('data', Buffer.alloc(5)),
    list,
  ])
  const wav = chunk('RIFF', body)
  t.same(
    await readSoundMetadata(wav),
    { artist: 'Zoë', itch: 'me', comment: 'no\n{json' },
    'tags behind the samples',
  )
  const id3 = Buffer.concat([Buffer.from('ID3\x04\0\0\0\0\0\x05'), Buffer.alloc(5)])
  const flac = await new Sound(samples, 24_000, { title: 'a' }).toFlac()
  t.same(await readSoundMetadata(Buffer.concat([id3, flac])), { title: 'a' }, 'FLAC behind the tags of MP3')
})

t.test('what has no tags to read', async (t) => {
  const dir = t.testdir({ 'a.mp3': 'ID3' })
  const file = join(dir, 'a.mp3')
  await t.rejects(readSoundMetadata(file), { code: 'CLVP_AUDIO', message: /WAV or FLAC/ })
  writeFileSync(file, '')
  await t.rejects(readSoundMetadata(file), { code: 'CLVP_AUDIO' })
  await t.rejects(readSoundMetadata(new Uint8Array()), { code: 'CLVP_AUDIO' })
  await t.rejects(readSoundMetadata(dir), { code: 'CLVP_IO' })
  await t.rejects(readSoundMetadata(join(dir, 'b.wav')), { code: 'CLVP_IO' })
  for (const bad of [undefined, 5, '', {}, new Float32Array(9)])
    await t.rejects(readSoundMetadata(bad), wrong)
})
