/** A tiny model that speaks, with random weights: all stages of tortoise. */
import { join } from 'node:path'
import { convertFolder } from '../../dist/lib/index.js'
import { writeSpeechFolder } from './speech.js'

/** Clips become spectrograms of 100 channels, whatever the model's size is. */
const all = {
  hifigan: {},
  diffusion: { mels: 100 },
  vocoder: { mels: 100 },
  randomDecoder: {},
  randomDiffusion: {},
}

/** Writes a folder of tortoise whose model speaks. @param stages names of writeStages() */
export function writeSpeakingFolder(folder, stages = Object.keys(all)) {
  writeSpeechFolder(folder, { stages: Object.fromEntries(stages.map((stage) => [stage, all[stage]])) })
}

/**
 * Writes and converts a model to F32 in a folder.
 *
 * @param stages of speech: names of writeStages()
 * @returns the path of the model file
 */
export async function makeSpeakingModel(folder, stages = Object.keys(all)) {
  const file = join(folder, `${stages.join('-') || 'mute'}.gguf`)
  const source = join(folder, `${stages.join('-') || 'mute'}-source`)
  writeSpeakingFolder(source, stages)
  await convertFolder(source, file, { type: 'f32', threads: 1 })
  return file
}

/** Two parts of the same text. */
export const twoParts = { text: 'Hello world. This is it.', split: { desired: 12, max: 14, shortest: 1 } }

/** The samples of a stream, with its events. */
export async function gather(stream) {
  const events = []
  for await (const event of stream) events.push(event)
  return { events, samples: Float32Array.from(events.flatMap(({ samples }) => [...samples])) }
}
