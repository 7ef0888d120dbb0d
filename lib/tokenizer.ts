import { BYTE_CHARACTERS, BytePairEncoder, textOfTokens } from './bpe.js'
import { invalid } from './errors.js'
import { type DroppedText, droppedText, normalizeEnglish } from './normalizer.js'
import { string } from './options.js'
import {
  type ClvpTokenizerOptions,
  type ClvpTokenizerSettings,
  type DecodeOptions,
  readDecodeOptions,
  readSkipSpecialTokens,
  readTokenizerOptions,
  readTokenizerSettings,
} from './tokenizer_options.js'
import { addSpecialTokens, parseMerges, parseVocab, readText, readVocab, splitMerge } from './vocabulary.js'

export type { ClvpTokenizerOptions, ClvpTokenizerSettings, DecodeOptions }

/** One token and where it lies in the normalised text. */
export interface OffsetToken {
  id: number
  /** The token as `tokenize` gives it: `'[SPACE]'` for a blank, the unknown piece itself when `id` is unknown's. */
  text: string
  /** First character, an index into the normalised text. */
  start: number
  /** One past the last character. */
  end: number
}

/** What became of a text on its way to ids. */
export interface EncodingWithOffsets {
  /** The text that was tokenized. */
  normalized: string
  tokens: OffsetToken[]
  /** What was lost because it is not ASCII; indices are those of the text as it was given. */
  dropped: DroppedText[]
}

const SPACE_TOKEN = '[SPACE]'
const STOP_TOKEN = '[STOP]'

/**
 * The reference's word pattern, cut down to what the normaliser leaves: ASCII in lower case whose only white
 * space is the blank.
 */
const WORD = /'(?:s|t|re|ve|m|ll|d)| ?[a-z]+| ?[0-9]+| ?[^ a-z0-9]+| +(?![^ ])| +/g

const SPACE_CHARACTER = BYTE_CHARACTERS[0x20]!

/**
 * CLVP's tokenizer: the English normaliser, then byte-level BPE. Token ids equal those of transformers'
 * `ClvpTokenizer` with `split_special_tokens=True`: text that looks like a special token is plain text, so that
 * no input can smuggle one in. No special tokens are added, as the reference adds none.
 *
 * An instance never changes what it answers; all methods may be called from anywhere at any time.
 */
export class ClvpTokenizer {
  readonly unkToken: string
  readonly bosToken: string
  readonly eosToken: string
  readonly padToken: string
  readonly addPrefixSpace: boolean
  /** The merges as they were given, most important first. */
  readonly merges: readonly string[]
  readonly #vocab: ReadonlyMap<string, number>
  readonly #added: ReadonlyMap<string, number>
  readonly #tokenOfId: ReadonlyMap<number, string>
  readonly #specialIds: ReadonlySet<number>
  readonly #bpe: BytePairEncoder
  /** Token text and id of each of the encoder's symbols. */
  readonly #names: readonly string[]
  readonly #ids: readonly number[]

  /**
   * @param options see {@link ClvpTokenizerOptions}; special tokens missing from `vocab` get the ids after its size
   * @throws ClvpError `CLVP_INVALID_ARGUMENT` for a wrong or unknown option, `CLVP_MODEL_FORMAT` for a vocabulary
   *   with ids that are double or no whole numbers, or for a merge that has not two parts
   */
  constructor(options: ClvpTokenizerOptions) {
    const { vocab, merges, ...settings } = readTokenizerOptions(options)
    const pairs = merges.map(splitMerge)
    this.bosToken = settings.bosToken
    this.eosToken = settings.eosToken
    this.unkToken = settings.unkToken
    this.padToken = settings.padToken
    this.addPrefixSpace = settings.addPrefixSpace
    this.merges = Object.freeze([...(merges as readonly string[])])
    this.#vocab = readVocab(vocab)
    this.#added = addSpecialTokens(this.#vocab, this.allSpecialTokens)
    this.#tokenOfId = new Map([...this.#vocab, ...this.#added].map(([token, id]) => [id, token]))
    this.#specialIds = new Set(this.#added.values())
    this.#bpe = new BytePairEncoder(pairs)
    const hasSpace = this.#vocab.has(SPACE_TOKEN)
    this.#names = this.#bpe.symbols.map((text) => (hasSpace && text === SPACE_CHARACTER ? SPACE_TOKEN : text))
    this.#ids = this.#names.map((token) => this.#idOf(token))
  }

  /**
   * Makes a tokenizer from a folder's `vocab.json` and `merges.txt`.
   *
   * @throws ClvpError `CLVP_IO` when a file cannot be read, otherwise as {@link ClvpTokenizer.fromTexts}
   */
  static async fromFiles(
    vocabPath: string,
    mergesPath: string,
    settings: ClvpTokenizerSettings = {},
  ): Promise<ClvpTokenizer> {
    const [vocab, merges] = await Promise.all([
      readText(vocabPath, 'vocabPath'),
      readText(mergesPath, 'mergesPath'),
    ])
    return ClvpTokenizer.fromTexts(vocab, merges, settings)
  }

  /**
   * Makes a tokenizer from what stands in the two files. The reference takes the first line of the merges for a
   * version line whatever it is; here it must start with `#version`, so that no merge is lost of files without one.
   *
   * @param vocabText JSON: one object of tokens and ids
   * @param mergesText one merge a line, after a version line if there is one; empty lines are passed over
   * @throws ClvpError `CLVP_MODEL_FORMAT` for malformed texts, otherwise as the constructor
   */
  static fromTexts(
    vocabText: string,
    mergesText: string,
    settings: ClvpTokenizerSettings = {},
  ): ClvpTokenizer {
    const vocab = parseVocab(string(vocabText, 'vocabText'))
    const merges = parseMerges(string(mergesText, 'mergesText'))
    return new ClvpTokenizer({ ...readTokenizerSettings(settings), vocab, merges })
  }

  /** Number of tokens in the vocabulary itself, without special tokens that had to be added. */
  get vocabSize(): number {
    return this.#vocab.size
  }

  /** Number of all tokens, added special tokens included. */
  get length(): number {
    return this.#vocab.size + [...this.#added.keys()].filter((token) => !this.#vocab.has(token)).length
  }

  get unkTokenId(): number {
    return this.#idOf(this.unkToken)
  }

  get bosTokenId(): number {
    return this.#idOf(this.bosToken)
  }

  get eosTokenId(): number {
    return this.#idOf(this.eosToken)
  }

  get padTokenId(): number {
    return this.#idOf(this.padToken)
  }

  /** The distinct special tokens, in transformers' order: begin, end, unknown, pad. */
  get allSpecialTokens(): string[] {
    return [...new Set([this.bosToken, this.eosToken, this.unkToken, this.padToken])]
  }

  get allSpecialIds(): number[] {
    return this.allSpecialTokens.map((token) => this.#idOf(token))
  }

  /** Every token and its id, added special tokens included; a copy. */
  getVocab(): Record<string, number> {
    return Object.fromEntries([...this.#vocab, ...this.#added])
  }

  /**
   * Splits a text into tokens, after normalising it. A piece that the vocabulary lacks stays as it is here; only
   * its id is the unknown token's.
   *
   * @throws ClvpError `CLVP_INVALID_ARGUMENT` when `text` is not a string
   */
  tokenize(text: string): string[] {
    const tokens: string[] = []
    this.#eachSymbol(normalizeEnglish(text), (symbol) => tokens.push(this.#names[symbol]!))
    return tokens
  }

  /**
   * The ids of a text, without any special tokens: what transformers returns as `input_ids`.
   *
   * @throws ClvpError `CLVP_INVALID_ARGUMENT` when `text` is not a string
   */
  encode(text: string): Int32Array {
    const ids: number[] = []
    this.#eachSymbol(normalizeEnglish(text), (symbol) => ids.push(this.#ids[symbol]!))
    return Int32Array.from(ids)
  }

  /**
   * {@link ClvpTokenizer.encode} with an account of how the ids came about.
   *
   * @throws ClvpError `CLVP_INVALID_ARGUMENT` when `text` is not a string
   */
  encodeWithOffsets(text: string): EncodingWithOffsets {
    const normalized = normalizeEnglish(text)
    const tokens: OffsetToken[] = []
    this.#eachSymbol(normalized, (symbol, start, end) => {
      tokens.push({ id: this.#ids[symbol]!, text: this.#names[symbol]!, start, end })
    })
    return { normalized, tokens, dropped: droppedText(text) }
  }

  /**
   * The text of some ids, as transformers decodes them: tokens are put together, `[SPACE]` and all, unless
   * `cleanUpTokenizationSpaces` asks for blanks; bytes that are no UTF-8 become U+FFFD.
   *
   * @param ids one id or several
   * @throws ClvpError `CLVP_INVALID_ARGUMENT` for an id without a token, `CLVP_MODEL_FORMAT` for a token of the
   *   vocabulary that is not written in byte-level characters
   */
  decode(ids: number | ArrayLike<number>, options: DecodeOptions = {}): string {
    const { skipSpecialTokens: skip, cleanUpTokenizationSpaces: cleanUp } = readDecodeOptions(options)
    const tokens: string[] = []
    for (const [index, id] of idList(ids).entries()) {
      if (skip && this.#specialIds.has(id)) continue
      const token = this.#tokenOfId.get(id)
      if (token === undefined) throw invalid('an id of the vocabulary', `ids[${index}]`, id)
      tokens.push(token)
    }
    const text = textOfTokens(tokens)
    return cleanUp ? this.#cleanUp(text) : text
  }

  /**
   * {@link ClvpTokenizer.decode} for several sequences of ids.
   *
   * @throws ClvpError as `decode`
   */
  batchDecode(sequences: ReadonlyArray<number | ArrayLike<number>>, options: DecodeOptions = {}): string[] {
    if (!Array.isArray(sequences)) throw invalid('an array of id sequences', 'sequences', sequences)
    return sequences.map((ids) => this.decode(ids, options))
  }

  /**
   * The id of a token, or the ids of several; a token that is not in the vocabulary has the unknown token's id.
   *
   * @throws ClvpError `CLVP_INVALID_ARGUMENT` for anything but strings
   */
  convertTokensToIds(tokens: string): number
  convertTokensToIds(tokens: readonly string[]): number[]
  convertTokensToIds(tokens: string | readonly string[]): number | number[] {
    if (typeof tokens === 'string') return this.#idOf(tokens)
    if (!Array.isArray(tokens)) throw invalid('a string or an array of strings', 'tokens', tokens)
    return tokens.map((token, index) => this.#idOf(string(token, `tokens[${index}]`)))
  }

  /**
   * The token of an id, or the tokens of several; `null` where an id has none.
   *
   * @throws ClvpError `CLVP_INVALID_ARGUMENT` for anything but whole numbers
   */
  convertIdsToTokens(ids: number, options?: Pick<DecodeOptions, 'skipSpecialTokens'>): string | null
  convertIdsToTokens(
    ids: ArrayLike<number>,
    options?: Pick<DecodeOptions, 'skipSpecialTokens'>,
  ): (string | null)[]
  convertIdsToTokens(
    ids: number | ArrayLike<number>,
    options: Pick<DecodeOptions, 'skipSpecialTokens'> = {},
  ): string | null | (string | null)[] {
    const skip = readSkipSpecialTokens(options)
    const list = idList(ids)
    // A single id is never skipped, as in the reference.
    if (typeof ids === 'number') return this.#tokenOfId.get(ids) ?? null
    return list
      .filter((id) => !(skip && this.#specialIds.has(id)))
      .map((id) => this.#tokenOfId.get(id) ?? null)
  }

  #idOf(token: string): number {
    // The unknown token is special, so it is in one of the two maps.
    return this.#added.get(token) ?? this.#vocab.get(token) ?? this.#added.get(this.unkToken)!
  }

  /** Calls back for each symbol of a normalised text, in order, with its place. */
  #eachSymbol(normalized: string, visit: (symbol: number, start: number, end: number) => void): void {
    let start = 0
    // The pattern leaves nothing out, so places can be counted up; ASCII is one byte a character.
    for (const [word] of normalized.matchAll(WORD)) {
      for (const symbol of this.#bpe.encode(word)) {
        const end = start + this.#bpe.symbols[symbol]!.length
        visit(symbol, start, end)
        start = end
      }
    }
  }

  #cleanUp(text: string): string {
    const has = (token: string) => this.#vocab.has(token) || this.#added.has(token)
    const spaced = has(SPACE_TOKEN) ? text.replaceAll(SPACE_TOKEN, ' ') : text
    const stopped = has(STOP_TOKEN) ? spaced.replaceAll(STOP_TOKEN, ' ') : spaced
    return stopped.replaceAll(this.unkToken, '').replaceAll('   ', ' ').replaceAll('  ', ' ')
  }
}

function idList(ids: unknown): number[] {
  if (typeof ids === 'number') return [checkId(ids, 'ids')]
  if (!Array.isArray(ids) && !isTypedArray(ids)) throw invalid('an id or an array of ids', 'ids', ids)
  return Array.from(ids, (id: unknown, index) => checkId(id, `ids[${index}]`))
}

function checkId(id: unknown, name: string): number {
  if (typeof id !== 'number' || !Number.isInteger(id)) throw invalid('a whole number', name, id)
  return id
}

function isTypedArray(value: unknown): value is ArrayLike<unknown> {
  return ArrayBuffer.isView(value) && !(value instanceof DataView)
}
