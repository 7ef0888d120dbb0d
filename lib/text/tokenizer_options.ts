/** Options of ClvpTokenizer: their defaults and their checks. */
import { flag, integer, oneOf, pick } from '../base/check.js'
import { ClvpError, describe, invalid } from '../base/errors.js'
import { type Normalizer, readNormalizer } from './reading/reading.js'

export type Side = 'left' | 'right'

/** Options of {@link ClvpTokenizer}. The defaults are transformers' own. */
export interface ClvpTokenizerOptions {
  /** Every token and its id. Ids are distinct whole numbers from 0; gaps are allowed. */
  vocab: Readonly<Record<string, number>>
  /** The merges, highest priority first, each as two parts separated by a space: `"t h"`. */
  merges: readonly string[]
  /** Stands for a token that is not in the vocabulary. Default `'[UNK]'`. */
  unkToken?: string
  /** Default `'<|endoftext|>'`, which published vocabularies lack: it gets the first id after them. */
  bosToken?: string
  /** Default `'[STOP]'`. */
  eosToken?: string
  /** Default `'[STOP]'`. */
  padToken?: string
  /** Kept for configurations that have it; no effect, as in the reference. Default `false`. */
  addPrefixSpace?: boolean
  /** The side that calls pad. Default `'right'`. */
  paddingSide?: Side
  /** The side that calls truncate. Default `'right'`. */
  truncationSide?: Side
  /** The length for calls that pad or truncate without `maxLength`. Default `Infinity`: they then do neither. */
  modelMaxLength?: number
  /** What `decode` does when its option of this name is not given. Default `false`. */
  cleanUpTokenizationSpaces?: boolean
  /**
   * How texts are read before they become tokens. Default `'transformers'`, which gives transformers' ids. It is not
   * saved: transformers has no such setting.
   */
  normalizer?: Normalizer
}

/** The options other than the files' contents. */
export type ClvpTokenizerSettings = Omit<ClvpTokenizerOptions, 'vocab' | 'merges'>

/** How {@link ClvpTokenizer.decode} treats special tokens and spaces. */
export interface DecodeOptions {
  /** Leave out unknown, begin, end and pad tokens. Default `false`. */
  skipSpecialTokens?: boolean
  /** Turn `[SPACE]` and `[STOP]` into spaces, drop unknown tokens, merge spaces. Default: the tokenizer's. */
  cleanUpTokenizationSpaces?: boolean
}

/** How text becomes tokens. */
export interface TokenizeOptions {
  /**
   * Whether text that looks like a special token is plain text. Default `true`, so no input can inject one. With
   * `false` it becomes the special token, which is transformers' default.
   */
  splitSpecialTokens?: boolean
  /** How the text is read. Default: the tokenizer's `normalizer`. */
  normalizer?: Normalizer | undefined
}

/** {@link TokenizeOptions} after defaults. */
export interface TokenizePlan {
  splitSpecialTokens: boolean
  normalizer: Normalizer
}

const MAX_TOKEN = 1024
const STOP_TOKEN = '[STOP]'
const TOKEN_DEFAULTS = {
  bosToken: '<|endoftext|>',
  eosToken: STOP_TOKEN,
  unkToken: '[UNK]',
  padToken: STOP_TOKEN,
} as const
const TOKENS = ['bosToken', 'eosToken', 'unkToken', 'padToken'] as const
const OTHERS = ['paddingSide', 'truncationSide', 'modelMaxLength', 'cleanUpTokenizationSpaces'] as const
const SETTINGS = ['addPrefixSpace', ...TOKENS, ...OTHERS, 'normalizer'] as const

/** Applies defaults and checks options, except for the contents of the vocabulary and the merges. */
export function readTokenizerOptions(value: unknown) {
  const given = pick(value, ['vocab', 'merges', ...SETTINGS], 'options')
  if (!Array.isArray(given.merges)) throw invalid('an array of strings', 'merges', given.merges)
  return {
    vocab: given.vocab,
    merges: given.merges as readonly unknown[],
    bosToken: specialToken(given, 'bosToken'),
    eosToken: specialToken(given, 'eosToken'),
    unkToken: specialToken(given, 'unkToken'),
    padToken: specialToken(given, 'padToken'),
    addPrefixSpace: flag(given, 'addPrefixSpace'),
    paddingSide: side(given.paddingSide ?? 'right', 'paddingSide'),
    truncationSide: side(given.truncationSide ?? 'right', 'truncationSide'),
    modelMaxLength: length(given.modelMaxLength ?? Infinity, 'modelMaxLength'),
    cleanUpTokenizationSpaces: flag(given, 'cleanUpTokenizationSpaces'),
    normalizer: readNormalizer(given.normalizer ?? 'transformers'),
  }
}

/** A copy of settings whose names are known; {@link readTokenizerOptions} checks their values. */
export function readTokenizerSettings(value: unknown): ClvpTokenizerSettings {
  return pick(value, SETTINGS, 'settings') as ClvpTokenizerSettings
}

export function readDecodeOptions(value: unknown, cleanUp: boolean): Required<DecodeOptions> {
  const given = pick(value, ['skipSpecialTokens', 'cleanUpTokenizationSpaces'], 'options')
  return {
    skipSpecialTokens: flag(given, 'skipSpecialTokens'),
    cleanUpTokenizationSpaces: flag(given, 'cleanUpTokenizationSpaces', cleanUp),
  }
}

/** The one option of convertIdsToTokens. */
export function readSkipSpecialTokens(value: unknown): boolean {
  return flag(pick(value, ['skipSpecialTokens'], 'options'), 'skipSpecialTokens')
}

/** The options of tokenize and encode. */
export function readTokenizeOptions(value: unknown, normalizer: Normalizer): TokenizePlan {
  const given = pick(value, ['splitSpecialTokens', 'normalizer'], 'options')
  return {
    splitSpecialTokens: flag(given, 'splitSpecialTokens', true),
    normalizer: readNormalizer(given.normalizer ?? normalizer),
  }
}

function length(value: unknown, name: string): number {
  return value === Infinity ? value : integer(value, name, 1, 2 ** 31 - 1)
}

export function side(value: unknown, name: string): Side {
  return oneOf(value, name, ['left', 'right'])
}

function specialToken(given: Partial<Record<string, unknown>>, name: (typeof TOKENS)[number]): string {
  const token: unknown = given[name] === undefined ? TOKEN_DEFAULTS[name] : given[name]
  if (typeof token === 'string' && token !== '' && token.length <= MAX_TOKEN) return token
  throw invalid(`a string of 1 to ${MAX_TOKEN} characters`, name, token)
}

// --- what tokenizer_config.json says -------------------------------------------------------------------------------

const SPELLINGS = {
  unkToken: 'unk_token',
  bosToken: 'bos_token',
  eosToken: 'eos_token',
  padToken: 'pad_token',
  addPrefixSpace: 'add_prefix_space',
  paddingSide: 'padding_side',
  truncationSide: 'truncation_side',
  modelMaxLength: 'model_max_length',
  cleanUpTokenizationSpaces: 'clean_up_tokenization_spaces',
} as const satisfies Record<Exclude<keyof ClvpTokenizerSettings, 'normalizer'>, string>

/** Lengths above this mean no limit: transformers writes 10^30. */
const NO_LENGTH = 1e20

/** Reads settings from a tokenizer_config.json and ignores keys of other tokenizers. null counts as absent. */
export function settingsOfConfig(config: Readonly<Record<string, unknown>>): ClvpTokenizerSettings {
  const entries = Object.entries(SPELLINGS).map(([name, key]) => {
    const value = Object.hasOwn(config, key) ? config[key] : undefined
    if (name === 'modelMaxLength' && typeof value === 'number' && value > NO_LENGTH) return [name, undefined]
    return [name, name.endsWith('Token') ? contentOf(value) : (value ?? undefined)]
  })
  return pick(Object.fromEntries(entries), SETTINGS, 'settings') as ClvpTokenizerSettings
}

/** A special token is written as a string, or as an object of which only `content` matters here. */
function contentOf(token: unknown): unknown {
  if (typeof token !== 'object' || token === null) return token ?? undefined
  return (token as { content?: unknown }).content
}

/** Checks that a saved tokenizer adds no tokens beyond its vocabulary and the four special ones. */
export function checkAddedTokens(
  config: Readonly<Record<string, unknown>>,
  idOf: (token: string) => number,
): void {
  for (const [id, token] of Object.entries(config.added_tokens_decoder ?? {})) {
    const content = contentOf(token)
    if (typeof content === 'string' && idOf(content) === Number(id)) continue
    throw new ClvpError(
      'CLVP_UNSUPPORTED',
      `added_tokens_decoder: the token ${describe(content)} with the id ${id} is not one of CLVP's: ` +
        'tokens beyond the vocabulary and the four special ones cannot be added',
    )
  }
}
