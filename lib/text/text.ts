/** A model file's tokenizer, and checks of texts against the model's limits. */
import type { NativeHeld } from '../addon/contract/files.js'
import type { NativeInfo } from '../addon/contract/session.js'
import { string } from '../base/check.js'
import { ClvpError, describe } from '../base/errors.js'
import { ClvpTokenizer, type ClvpTokenizerSettings, type OffsetToken } from './tokenizer.js'

/** How a text is normalised and tokenized for the model. */
export interface Explanation {
  /** The normalised text: lower case, numbers and abbreviations in words. */
  normalized: string
  /** `start` and `end` are offsets into `normalized`. */
  tokens: OffsetToken[]
  /** What the normaliser dropped because it is not ASCII; `index` is the offset in the original text. */
  dropped: { text: string; index: number }[]
  /** How many more tokens would fit; negative when there are too many. */
  remaining: number
}

const tokenizerConfig = 'clvp.source.tokenizer_config'

function badConfig(reason: string, cause?: unknown): ClvpError {
  return new ClvpError(
    'CLVP_MODEL_FORMAT',
    `The model file's ${tokenizerConfig} ${reason}: convert it again`,
    { cause },
  )
}

/** The special tokens that the checkpoint's tokenizer_config.json names, as strings or objects with `content`. */
function specialTokens(json: NativeHeld | undefined): ClvpTokenizerSettings {
  if (typeof json !== 'string') return {}
  let config: unknown
  try {
    config = JSON.parse(json)
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

/** Makes a tokenizer from the values of a model file. */
export function tokenizerOf(
  values: Record<string, NativeHeld>,
  info: Pick<NativeInfo, 'textVocab'>,
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
  return new ClvpTokenizer({ vocab, merges, ...specialTokens(values[tokenizerConfig]) })
}

/** The ids of a text; checks that there is at least one and at most `info.maxTextTokens`. */
export function textIds(tokenizer: ClvpTokenizer, value: unknown, info: NativeInfo): Int32Array {
  const text = string(value, 'text')
  const ids = tokenizer.encodeUpTo(text, info.maxTextTokens)
  if (ids?.length === 0) {
    const lost = text === '' ? 'an empty one' : 'one without any: characters beyond ASCII are dropped'
    throw new ClvpError('CLVP_INVALID_ARGUMENT', `Expected a text with ASCII characters but received ${lost}`)
  }
  if (!ids || ids.length > info.maxTextTokens) {
    const length = ids ? ids.length : `${text.length} characters, which exceed that`
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected a text of at most ${info.maxTextTokens} tokens but received one of ${length}: split it at sentences`,
    )
  }
  return ids
}

export function explainText(tokenizer: ClvpTokenizer, value: unknown, info: NativeInfo): Explanation {
  const { normalized, tokens, dropped } = tokenizer.encodeWithOffsets(string(value, 'text'))
  return { normalized, tokens, dropped, remaining: info.maxTextTokens - tokens.length }
}
