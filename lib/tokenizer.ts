import { readFile } from 'node:fs/promises'
import { ClvpError, describe, invalid } from './errors.js'
import { type DroppedText, droppedText, normalizeEnglish } from './normalizer.js'

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

/** How {@link ClvpTokenizer.decode} treats what is not text. */
export interface DecodeOptions {
  /** Leave out unknown, begin, end and pad tokens. Default `false`. */
  skipSpecialTokens?: boolean
  /** Turn `[SPACE]` and `[STOP]` into blanks, drop unknowns, close up double blanks. Default `false`. */
  cleanUpTokenizationSpaces?: boolean
}

const SPACE_TOKEN = '[SPACE]'
const STOP_TOKEN = '[STOP]'
const TOKEN_DEFAULTS = {
  bosToken: '<|endoftext|>',
  eosToken: STOP_TOKEN,
  unkToken: '[UNK]',
  padToken: STOP_TOKEN,
} as const
const SETTINGS = ['addPrefixSpace', ...Object.keys(TOKEN_DEFAULTS)]
const OPTIONS = ['vocab', 'merges', ...SETTINGS]
const CONVERT_OPTIONS = ['skipSpecialTokens']
const DECODE_OPTIONS = [...CONVERT_OPTIONS, 'cleanUpTokenizationSpaces']

/**
 * The reference's word pattern, cut down to what the normaliser leaves: ASCII in lower case whose only white
 * space is the blank.
 */
const WORD = /'(?:s|t|re|ve|m|ll|d)| ?[a-z]+| ?[0-9]+| ?[^ a-z0-9]+| +(?![^ ])| +/g

/** Words seen lately keep their symbols; both bounds hold the memory of a long-lived tokenizer down. */
const CACHED_WORDS = 4096
const CACHED_WORD_LENGTH = 32

/** Ids travel as 32-bit integers. */
const MAX_ID = 2 ** 31 - 1

/** Writes each of the 256 bytes as one printable character, as every byte-level BPE vocabulary does. */
const BYTE_CHARACTERS = byteCharacters()
const BYTE_OF_CHARACTER = new Map(BYTE_CHARACTERS.map((character, byte) => [character, byte]))
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
    checkOptions(options, 'options', OPTIONS)
    const { addPrefixSpace = false, merges } = options
    if (typeof addPrefixSpace !== 'boolean') throw invalid('a boolean', 'addPrefixSpace', addPrefixSpace)
    if (!Array.isArray(merges)) throw invalid('an array of strings', 'merges', merges)
    this.bosToken = specialToken(options, 'bosToken')
    this.eosToken = specialToken(options, 'eosToken')
    this.unkToken = specialToken(options, 'unkToken')
    this.padToken = specialToken(options, 'padToken')
    this.addPrefixSpace = addPrefixSpace
    this.merges = Object.freeze([...merges])
    this.#vocab = readVocab(options.vocab)
    this.#added = addSpecialTokens(this.#vocab, this.allSpecialTokens)
    this.#tokenOfId = new Map([...this.#vocab, ...this.#added].map(([token, id]) => [id, token]))
    this.#specialIds = new Set(this.#added.values())
    this.#bpe = new BytePairEncoder(merges.map(splitMerge))
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
   * Makes a tokenizer from what stands in the two files. As in the reference, the first line of the merges is
   * taken for a version line and what follows the last line break is not read.
   *
   * @param vocabText JSON: one object of tokens and ids
   * @param mergesText a version line, then one merge a line, each line ended; empty lines are passed over
   * @throws ClvpError `CLVP_MODEL_FORMAT` for malformed texts, otherwise as the constructor
   */
  static fromTexts(
    vocabText: string,
    mergesText: string,
    settings: ClvpTokenizerSettings = {},
  ): ClvpTokenizer {
    if (typeof vocabText !== 'string') throw invalid('a string', 'vocabText', vocabText)
    if (typeof mergesText !== 'string') throw invalid('a string', 'mergesText', mergesText)
    checkOptions(settings, 'settings', SETTINGS)
    const lines = mergesText.split(/\r\n|\r|\n/).slice(1, -1)
    const merges = lines.filter((line) => line.trim() !== '')
    return new ClvpTokenizer({ ...settings, vocab: parseVocab(vocabText), merges })
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
    checkOptions(options, 'options', DECODE_OPTIONS)
    const skip = flag(options.skipSpecialTokens, 'skipSpecialTokens')
    const cleanUp = flag(options.cleanUpTokenizationSpaces, 'cleanUpTokenizationSpaces')
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
    return tokens.map((token, index) => {
      if (typeof token !== 'string') throw invalid('a string', `tokens[${index}]`, token)
      return this.#idOf(token)
    })
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
    checkOptions(options, 'options', CONVERT_OPTIONS)
    const skip = flag(options.skipSpecialTokens, 'skipSpecialTokens')
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

/**
 * Byte-pair encoding of one word. Works in rounds as the reference does: the best-ranked pair that the word holds
 * is merged everywhere, from left to right, before the next is looked for. Pairs wait in lists by rank and the
 * word is a linked list, so that a word of n characters takes O(n log n) instead of a pass over it per round.
 */
class BytePairEncoder {
  /** The text of each symbol; the first 256 are the bytes. */
  readonly symbols: string[] = [...BYTE_CHARACTERS]
  readonly #rankOfPair = new Map<number, number>()
  readonly #left: number[] = []
  readonly #right: number[] = []
  readonly #merged: number[] = []
  readonly #cache = new Map<string, readonly number[]>()

  constructor(merges: ReadonlyArray<readonly [string, string]>) {
    const known = new Map(BYTE_OF_CHARACTER)
    const symbolOf = (text: string): number => {
      const symbol = known.get(text) ?? this.symbols.push(text) - 1
      known.set(text, symbol)
      return symbol
    }
    for (const [rank, [first, second]] of merges.entries()) {
      this.#left.push(symbolOf(first))
      this.#right.push(symbolOf(second))
      this.#merged.push(symbolOf(first + second))
      // A pair that is listed twice has its last rank, as in the reference.
      this.#rankOfPair.set(pairKey(this.#left[rank]!, this.#right[rank]!), rank)
    }
  }

  /** @param word ASCII */
  encode(word: string): readonly number[] {
    const cached = this.#cache.get(word)
    if (cached) return cached
    const symbols = this.#merge(word)
    if (word.length > CACHED_WORD_LENGTH) return symbols
    if (this.#cache.size >= CACHED_WORDS) this.#cache.clear()
    this.#cache.set(word, symbols)
    return symbols
  }

  #merge(word: string): number[] {
    const chain = new SymbolChain(word)
    const waiting = new RankQueue()
    const wait = (at: number) => {
      const rank = this.#rankOfPair.get(pairKey(chain.symbolAt(at), chain.symbolAt(chain.after(at))))
      if (rank !== undefined) waiting.add(rank, at)
    }
    for (let at = 0; at < word.length; at++) wait(at)
    for (let round = waiting.takeBest(); round; round = waiting.takeBest()) {
      const { rank, places } = round
      // Places whose pair is gone by now, swallowed by an earlier merge, are passed over.
      const merged = places.filter((at) => {
        const next = chain.after(at)
        if (chain.symbolAt(at) !== this.#left[rank] || chain.symbolAt(next) !== this.#right[rank])
          return false
        chain.join(at, this.#merged[rank]!)
        return true
      })
      // New pairs wait until the round is over: one of them may rank better than the pair of this round.
      for (const at of merged) {
        wait(chain.before(at))
        wait(at)
      }
    }
    return chain.toArray()
  }
}

/** No symbol: what lies before the first place, after the last one, and where a place has been joined to another. */
const NONE = -1

/** A word's symbols as a doubly linked list over the places of its characters. */
class SymbolChain {
  readonly #symbols: Int32Array
  readonly #next: Int32Array
  readonly #previous: Int32Array

  constructor(word: string) {
    this.#symbols = Int32Array.from({ length: word.length }, (_, at) => word.charCodeAt(at))
    this.#next = Int32Array.from(this.#symbols, (_, at) => (at + 1 < word.length ? at + 1 : NONE))
    this.#previous = Int32Array.from(this.#symbols, (_, at) => at - 1)
  }

  symbolAt(at: number): number {
    return at === NONE ? NONE : this.#symbols[at]!
  }

  after(at: number): number {
    return at === NONE ? NONE : this.#next[at]!
  }

  before(at: number): number {
    return this.#previous[at]!
  }

  /** Makes one symbol of the one at a place and the one after it. */
  join(at: number, symbol: number): void {
    const swallowed = this.#next[at]!
    const following = this.#next[swallowed]!
    this.#symbols[at] = symbol
    this.#symbols[swallowed] = NONE
    this.#next[at] = following
    if (following !== NONE) this.#previous[following] = at
  }

  toArray(): number[] {
    return Array.from(this.#symbols.filter((symbol) => symbol !== NONE))
  }
}

/** The places of mergeable pairs by rank; a binary heap of the ranks finds the best one. */
class RankQueue {
  readonly #places = new Map<number, number[]>()
  readonly #heap: number[] = []

  add(rank: number, place: number): void {
    const places = this.#places.get(rank)
    if (places) {
      places.push(place)
      return
    }
    this.#places.set(rank, [place])
    this.#push(rank)
  }

  /** Takes out the best rank with all its places, in the order of the word. */
  takeBest(): { rank: number; places: number[] } | undefined {
    const rank = this.#pop()
    if (rank === undefined) return undefined
    const places = this.#places.get(rank)!
    this.#places.delete(rank)
    return { rank, places: places.sort((a, b) => a - b) }
  }

  #push(rank: number): void {
    const heap = this.#heap
    let at = heap.push(rank) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (heap[parent]! <= rank) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = rank
  }

  #pop(): number | undefined {
    const heap = this.#heap
    const best = heap[0]
    const last = heap.pop()
    if (heap.length === 0 || last === undefined) return best
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++
      if (child >= heap.length || heap[child]! >= last) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return best
  }
}

/** One number for two symbols; there are far fewer than 2^26 of them. */
function pairKey(left: number, right: number): number {
  return left < 0 || right < 0 ? NONE : left * 2 ** 26 + right
}

/** Printable Latin-1 bytes are their own characters; the others take those from U+0100 on, in order. */
function byteCharacters(): string[] {
  let spare = 0x100
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad)
    return String.fromCharCode(printable ? byte : spare++)
  })
}

function textOfTokens(tokens: readonly string[]): string {
  const bytes: number[] = []
  for (const token of tokens) {
    for (const character of token) {
      const byte = BYTE_OF_CHARACTER.get(character)
      if (byte === undefined) {
        throw modelFormat(`token ${JSON.stringify(token)} holds a character that stands for no byte`)
      }
      bytes.push(byte)
    }
  }
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes))
}

/** Special tokens that the vocabulary lacks get the ids from its size on; the others keep theirs. */
function addSpecialTokens(
  vocab: ReadonlyMap<string, number>,
  tokens: readonly string[],
): ReadonlyMap<string, number> {
  let nextId = vocab.size
  return new Map(tokens.map((token) => [token, vocab.get(token) ?? nextId++]))
}

function readVocab(vocab: unknown): ReadonlyMap<string, number> {
  if (!isRecord(vocab)) throw invalid('an object of tokens and ids', 'vocab', vocab)
  const ids = new Map<string, number>()
  const tokens = new Map<number, string>()
  for (const [token, id] of Object.entries(vocab)) {
    if (!isId(id)) {
      throw modelFormat(
        `vocab gives ${JSON.stringify(token)} the id ${describe(id)}; an id is a whole number from 0 to ${MAX_ID}`,
      )
    }
    const other = tokens.get(id)
    if (other !== undefined) {
      throw modelFormat(
        `vocab gives the id ${id} to both ${JSON.stringify(other)} and ${JSON.stringify(token)}`,
      )
    }
    ids.set(token, id)
    tokens.set(id, token)
  }
  if (ids.size === 0) throw modelFormat('the vocabulary holds no tokens')
  return ids
}

function splitMerge(merge: unknown, index: number): readonly [string, string] {
  const parts = typeof merge === 'string' ? merge.trim().split(/\s+/) : []
  const [first, second] = parts
  if (parts.length !== 2 || !first || !second) {
    throw modelFormat(
      `merges[${index}] is ${describe(merge)}; a merge is two parts with a blank between them`,
    )
  }
  return [first, second]
}

function parseVocab(text: string): Readonly<Record<string, number>> {
  let vocab: unknown
  try {
    vocab = JSON.parse(text)
  } catch (cause) {
    throw modelFormat(`the vocabulary is no valid JSON: ${(cause as Error).message}`, { cause })
  }
  if (!isRecord(vocab)) throw modelFormat(`the vocabulary is ${describe(vocab)}; it must be one JSON object`)
  // The constructor checks each id.
  return vocab as Record<string, number>
}

async function readText(path: string, name: string): Promise<string> {
  if (typeof path !== 'string') throw invalid('a path', name, path)
  const bytes = await readFile(path).catch((cause: Error) => {
    throw new ClvpError('CLVP_IO', `Cannot read ${path}: ${cause.message}`, { cause })
  })
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw modelFormat(`${path} is not UTF-8 text`, { cause })
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

function specialToken(options: ClvpTokenizerOptions, name: keyof typeof TOKEN_DEFAULTS): string {
  const token: unknown = options[name] === undefined ? TOKEN_DEFAULTS[name] : options[name]
  if (typeof token !== 'string' || token === '') throw invalid('a string that is not empty', name, token)
  return token
}

function flag(value: unknown, name: string): boolean {
  if (value === undefined) return false
  if (typeof value !== 'boolean') throw invalid('a boolean', name, value)
  return value
}

function checkOptions(options: unknown, name: string, allowed: readonly string[]): void {
  if (!isRecord(options)) throw invalid('an object', name, options)
  for (const key of Object.keys(options)) {
    if (!allowed.includes(key)) throw invalid(`only ${allowed.join(', ')}`, name, key)
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)
}

function isTypedArray(value: unknown): value is ArrayLike<unknown> {
  return ArrayBuffer.isView(value) && !(value instanceof DataView)
}

function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_ID
}

function modelFormat(message: string, options?: ErrorOptions): ClvpError {
  return new ClvpError('CLVP_MODEL_FORMAT', `Malformed tokenizer: ${message}`, options)
}
