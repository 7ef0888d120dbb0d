/** A model file's tokenizer, and checks of texts against the model's limits. */
import type { NativeHeld } from '../addon/contract/files.js'
import type { NativeInfo } from '../addon/contract/session.js'
import { string } from '../base/check.js'
import { ClvpError, describe, invalid } from '../base/errors.js'
import { parseJson } from '../base/json.js'
import { knownWordsOf, unknownWords } from './known_words.js'
import { isSpeakable, type Normalizer } from './reading/reading.js'
import type { DroppedText, TextChange } from './reading/traced_text.js'
import { ClvpTokenizer, type ClvpTokenizerSettings, type OffsetToken } from './tokenizer.js'

/** How a text is normalised and tokenized for the model. */
export interface Explanation {
  /** What is spoken: by default lower case, numbers, signs and abbreviations in words. */
  normalized: string
  /** `start` and `end` are offsets into `normalized`. */
  tokens: OffsetToken[]
  /** What was changed, case and white space apart; `index` is the offset in the original text. */
  changes: TextChange[]
  /** What cannot be spoken and was dropped; `index` is the offset in the original text. */
  dropped: DroppedText[]
  /** Words that the model has not learned, which come out garbled. Empty for a model that does not list its words. */
  unknownWords: string[]
  /** How many more tokens would fit; negative when there are too many. */
  remaining: number
}

/** Longer texts would block the event loop. */
const MOST_EXPLAINED = 100_000

const tokenizerConfig = 'clvp.source.tokenizer_config'

function badConfig(reason: string, cause?: unknown): ClvpError {
  return new ClvpError(
    'CLVP_MODEL_FORMAT',
    `The model file's ${tokenizerConfig} ${reason}: convert it again`,
    { cause },
  )
}

/**
 * The special tokens that the checkpoint's tokenizer_config.json names, as strings or objects with
 * `content`.
 */
function specialTokens(json: NativeHeld | undefined): ClvpTokenizerSettings {
  if (typeof json !== 'string') return {}
  let config: unknown
  try {
    config = parseJson(json)
  } catch (cause) {
    throw badConfig('is not JSON', cause)
  }
  if (typeof config !== 'object' || config === null) throw badConfig('is not an object')
  const settings: ClvpTokenizerSettings = {}
  for (const [key, name] of [
    ['unk_token', 'unkToken'],
    ['bos_token', 'bosToken'],
    ['eos_token', 'eosToken'],
    ['pad_token', 'padToken'],
  ] as const) {
    const value = (config as Record<string, unknown>)[key]
    const token = typeof value === 'object' ? (value as { content?: unknown } | null)?.content : value
    if (token === '') throw badConfig(`has an empty ${key}`)
    if (typeof token === 'string') settings[name] = token
  }
  return settings
}

/** What a model says of its texts. */
type TextLimits = Pick<NativeInfo, 'textVocab' | 'maxTextTokens'>

/** Makes a reader of texts from the values of a model file. @throws ClvpError as tokenizerOf() and knownWordsOf() */
export function readerOf(
  values: Record<string, NativeHeld>,
  info: TextLimits,
  normalizer?: Normalizer,
): TextReader {
  return { tokenizer: tokenizerOf(values, info, normalizer), info, words: knownWordsOf(values) }
}

/** Makes a tokenizer from the values of a model file. */
export function tokenizerOf(
  values: Record<string, NativeHeld>,
  info: Pick<NativeInfo, 'textVocab'>,
  normalizer: Normalizer = 'english',
): ClvpTokenizer {
  const tokens = values['clvp.tokenizer.tokens']
  const merges = values['clvp.tokenizer.merges']
  if (!Array.isArray(tokens) || !Array.isArray(merges)) {
    throw new ClvpError(
      'CLVP_MODEL_FORMAT',
      'The model file has no vocabulary (clvp.tokenizer.tokens and clvp.tokenizer.merges): convert it again with vocab.json and merges.txt next to its config.json',
    )
  }
  if (tokens.length > info.textVocab) {
    throw new ClvpError(
      'CLVP_MODEL_FORMAT',
      `The vocabulary has ${tokens.length} tokens, but the model has embeddings for ${info.textVocab}: expected the tokenizer that the model was trained with`,
    )
  }
  const ids = tokens.map((token, id) => [token, id] as const).filter(([token]) => token !== '')
  const vocab = Object.fromEntries(ids)
  const twice = ids.find(([token, id]) => vocab[token] !== id)
  if (twice) {
    throw new ClvpError(
      'CLVP_MODEL_FORMAT',
      `The vocabulary (clvp.tokenizer.tokens) has the token ${describe(twice[0])} twice: convert the model again`,
    )
  }
  return new ClvpTokenizer({ vocab, merges, ...specialTokens(values[tokenizerConfig]), normalizer })
}

/** What of a model its texts are read with. */
export interface TextReader {
  tokenizer: ClvpTokenizer
  info: TextLimits
  /** The words that the model has learned; undefined for a model that does not list them. */
  words?: ReadonlySet<string> | undefined
}

/** A text that was read for the model. */
export interface ReadText {
  ids: Int32Array
  /** What is spoken. */
  normalized: string
  /** What is not. */
  dropped: DroppedText[]
  unknownWords: string[]
}

/** Reads a text; checks that there is something to say, in at most `info.maxTextTokens` tokens. */
export function readText(
  { tokenizer, info, words }: TextReader,
  value: unknown,
  normalizer?: Normalizer | undefined,
): ReadText {
  const text = string(value, 'text')
  const encoding = tokenizer.encodeUpTo(text, info.maxTextTokens, { normalizer })
  if (encoding && !isSpeakable(encoding.normalized)) {
    throw invalid('letters or numbers that the vocabulary can write', 'text', text)
  }
  if (!encoding || encoding.tokens.length > info.maxTextTokens) {
    const length = encoding ? encoding.tokens.length : `${text.length} characters, which exceed that`
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected a text of at most ${info.maxTextTokens} tokens but received one of ${length}: split it at sentences`,
    )
  }
  const { tokens, normalized, dropped } = encoding
  const ids = Int32Array.from(tokens, ({ id }) => id)
  return { ids, normalized, dropped, unknownWords: unknownWords(normalized, words) }
}

export function explainText(
  { tokenizer, info, words }: TextReader,
  value: unknown,
  normalizer?: Normalizer | undefined,
): Explanation {
  const text = string(value, 'text')
  if (text.length > MOST_EXPLAINED) {
    throw invalid(`at most ${MOST_EXPLAINED.toLocaleString('en')} characters`, 'text', text.length)
  }
  const encoding = tokenizer.encodeWithOffsets(text, { normalizer })
  const remaining = info.maxTextTokens - encoding.tokens.length
  return { ...encoding, unknownWords: unknownWords(encoding.normalized, words), remaining }
}
