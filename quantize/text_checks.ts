import type { NativeHeld } from '../lib/addon/contract/files.js'
import { checkpointConfig } from '../lib/config/config.js'
import { checkpointSampling, checkpointSettings } from '../lib/config/generation_config.js'
import { knownWordsOf } from '../lib/text/known_words.js'
import { tokenizerOf } from '../lib/text/text.js'

/**
 * The checks of the texts in a model file, which the native core does not read: the tokenizer and the settings. A conversion
 * and `verifyModel` run them, and a load runs the same functions, so what converts also loads.
 *
 * @param values the keys of a model file
 * @returns functions that throw a ClvpError for a fault
 */
export function textChecks(values: Record<string, NativeHeld>): (() => unknown)[] {
  const textVocab = Number(values['clvp.text.vocab_size'] ?? 0)
  return [
    () => tokenizerOf(values, { textVocab }),
    () => knownWordsOf(values),
    () => checkpointConfig(values['clvp.source.config']),
    () => checkpointSettings(values),
    () => checkpointSampling(values),
  ]
}
