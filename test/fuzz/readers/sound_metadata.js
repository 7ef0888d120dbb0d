/** Fuzzes the reader of the tags of WAV and FLAC files. */
import { readSoundMetadata, Sound, soundMetadata } from '../../../dist/lib/index.js'

const origin = { text: 'Hi.', model: { name: 'tiny', id: 'abc' }, seed: 1, candidate: 0 }
const tags = { ...soundMetadata(origin), title: 'A title' }
const sound = (metadata) => new Sound(Float32Array.of(0, 0.5, -0.5), 24_000, metadata)

export const soundMetadataReader = {
  name: 'sound_metadata',
  seeds: (
    await Promise.all([sound(tags).toWav(), sound(tags).toFlac(), sound({}).toWav(), sound({}).toFlac()])
  ).map((bytes) => Buffer.from(bytes)),
  words: ['RIFF', 'WAVE', 'LIST', 'INFO', 'ICMT', 'data', 'fLaC', 'ID3', '=', '\n{"a":"b"}'].map((word) =>
    Buffer.from(word),
  ),
  run: (bytes) => readSoundMetadata(bytes),
}
