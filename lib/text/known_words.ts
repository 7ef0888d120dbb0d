/** The words that a model has learned, if it says so: a small one may know few. */
import type { NativeHeld } from '../addon/contract/files.js'
import { ClvpError } from '../base/errors.js'

/** Key of a model file: the words in lower case, as a normaliser spells them. */
export const wordsKey = 'clvp.words'

const word = /[\p{L}\p{N}]+(?:'[\p{L}\p{N}]+)*/gu

/** @returns undefined for a model that does not say */
export function knownWordsOf(values: Readonly<Record<string, NativeHeld>>): ReadonlySet<string> | undefined {
  const words = values[wordsKey]
  if (words === undefined) return undefined
  if (!Array.isArray(words)) {
    throw new ClvpError(
      'CLVP_MODEL_FORMAT',
      `The model file's ${wordsKey} is not an array of strings: convert it again`,
    )
  }
  return new Set(words)
}

/** The words of a normalised text that are not among the known ones: each once, in order. */
export function unknownWords(normalized: string, known: ReadonlySet<string> | undefined): string[] {
  if (!known) return []
  const words = normalized.toLowerCase().match(word) ?? []
  return [...new Set(words)].filter((each) => !known.has(each))
}
