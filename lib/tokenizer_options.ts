/** Options of ClvpTokenizer: their defaults and their checks. */
import { invalid } from './errors.js'
import { boolean, pick } from './options.js'

/** What a {@link ClvpTokenizer} is made of. The defaults are transformers' own. */
export interface ClvpTokenizerOptions {
  /** Every token and its id. Ids are distinct whole numbers from 0; gaps are allowed. */
  vocab: Readonly<Record<string, number>>
  /** The merges, most important first, each as two parts with a blank between them: `"t h"`. */
  merges: readonly string[]
  /** Stands for a token that is not in the vocabulary. Default `'[UNK]'`. */
  unkToken?: string
  /** Default `'<|endoftext|>'`, which published vocabularies lack: it gets the first id after them. */
  bosToken?: string
  /** Default `'[STOP]'`. */
  eosToken?: string
  /** Default `'[STOP]'`. */
  padToken?: string
  /** Kept for configurations that have it; without effect, as in the reference. Default `false`. */
  addPrefixSpace?: boolean
}

/** The options which files do not answer. */
export type ClvpTokenizerSettings = Omit<ClvpTokenizerOptions, 'vocab' | 'merges'>

/** How {@link ClvpTokenizer.decode} treats what is not text. */
export interface DecodeOptions {
  /** Leave out unknown, begin, end and pad tokens. Default `false`. */
  skipSpecialTokens?: boolean
  /** Turn `[SPACE]` and `[STOP]` into blanks, drop unknowns, close up double blanks. Default `false`. */
  cleanUpTokenizationSpaces?: boolean
}

const STOP_TOKEN = '[STOP]'
const TOKEN_DEFAULTS = {
  bosToken: '<|endoftext|>',
  eosToken: STOP_TOKEN,
  unkToken: '[UNK]',
  padToken: STOP_TOKEN,
} as const
const TOKENS = ['bosToken', 'eosToken', 'unkToken', 'padToken'] as const
const SETTINGS = ['addPrefixSpace', ...TOKENS] as const

/** Options after defaults and checks; the vocabulary and the merges themselves are still to be checked. */
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
  }
}

/** A copy of settings whose names are known; {@link readTokenizerOptions} checks their values. */
export function readTokenizerSettings(value: unknown): ClvpTokenizerSettings {
  return pick(value, SETTINGS, 'settings') as ClvpTokenizerSettings
}

export function readDecodeOptions(value: unknown): Required<DecodeOptions> {
  const given = pick(value, ['skipSpecialTokens', 'cleanUpTokenizationSpaces'], 'options')
  return {
    skipSpecialTokens: flag(given, 'skipSpecialTokens'),
    cleanUpTokenizationSpaces: flag(given, 'cleanUpTokenizationSpaces'),
  }
}

/** The one option of convertIdsToTokens. */
export function readSkipSpecialTokens(value: unknown): boolean {
  return flag(pick(value, ['skipSpecialTokens'], 'options'), 'skipSpecialTokens')
}

function specialToken(given: Partial<Record<string, unknown>>, name: (typeof TOKENS)[number]): string {
  const token: unknown = given[name] === undefined ? TOKEN_DEFAULTS[name] : given[name]
  if (typeof token !== 'string' || token === '') throw invalid('a string that is not empty', name, token)
  return token
}

function flag<K extends string>(given: Partial<Record<K, unknown>>, name: K): boolean {
  const value: unknown = given[name]
  return value === undefined ? false : boolean(value, name)
}
