/** The modes of `compat`: what to set so that a call computes what tortoise or transformers computes. */
import type { NativeSampling, Positions } from '../addon/contract/drawing.js'
import type { NativeHeld } from '../addon/contract/files.js'
import { choice, type Kind } from '../base/kinds.js'
import { transformersSampling } from '../config/generation_config.js'
import type { Normalizer } from '../text/reading/reading.js'

/** Whose results a call copies. */
export type Compat = 'tortoise' | 'transformers'

/** The options that a mode sets. One that is given beside `compat` counts instead. */
interface CompatMode {
  normalizer: Normalizer
  /** Of voice(): which windows of a clip are heard. */
  windows: 'random' | 'first'
  positions: Positions
  /** What the repetition penalty counts before the first code. */
  history: readonly number[]
  /** Length of the rows that are ranked, at least; `'maxTokens'`: that option's value. */
  padTo: number | 'maxTokens'
  /** `'checkpoint'`: its generation_config.json, and transformers' own defaults for what that leaves out. */
  sampling: NativeSampling | 'checkpoint'
}

export const compatModes: Readonly<Record<Compat, CompatMode>> = {
  /** tortoise-tts 3.0.0, `TextToSpeech().tts(text)`: without a KV cache. */
  tortoise: {
    normalizer: 'tortoise',
    windows: 'random',
    positions: 'trained',
    history: [1], // the ids that stand for voice and text there are all 1
    padTo: 'maxTokens', // its `max_mel_tokens`, 500 in both
    sampling: { temperature: 0.8, topK: 50, topP: 0.8, minP: 0, typicalP: 1, repetitionPenalty: 2 },
  },
  /** transformers 5.23, `generate(do_sample=True)`. */
  transformers: {
    normalizer: 'transformers',
    windows: 'first',
    positions: 'transformers',
    history: [],
    padTo: 0,
    sampling: 'checkpoint',
  },
}

export const compatKind: Kind<Compat> = choice(Object.keys(compatModes) as Compat[])

/** The sampling settings of a mode. @param values keys and values of the model file */
export function compatSampling(compat: Compat, values: Readonly<Record<string, NativeHeld>>): NativeSampling {
  const { sampling } = compatModes[compat]
  return sampling === 'checkpoint' ? transformersSampling(values) : sampling
}

/** How a call reads its text: by its own options; undefined: as the model was loaded to. */
export function normalizerOf({
  normalizer,
  compat,
}: {
  normalizer: Normalizer | undefined
  compat: Compat | undefined
}): Normalizer | undefined {
  return normalizer ?? (compat && compatModes[compat].normalizer)
}
