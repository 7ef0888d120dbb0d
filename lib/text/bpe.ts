/** Byte-level byte-pair encoding: turns one word into a vocabulary's symbols, and symbols back into text. */
import { modelFormat } from './vocabulary.js'

/** Recently encoded words stay cached. Both bounds limit the memory of a long-lived tokenizer. */
const CACHED_WORDS = 4096
const CACHED_WORD_LENGTH = 32

/** Writes each of the 256 bytes as one printable character, as every byte-level BPE vocabulary does. */
export const BYTE_CHARACTERS: readonly string[] = byteCharacters()
const BYTE_OF_CHARACTER: ReadonlyMap<string, number> = new Map(
  BYTE_CHARACTERS.map((character, byte) => [character, byte]),
)

/**
 * Byte-pair encoding of one word. Works in rounds, as the reference does: each round merges every occurrence of
 * the word's best-ranked pair, from left to right. Pairs are queued by rank and the word is a linked list, so a
 * word of n characters takes O(n log n) rather than one pass per round.
 */
export class BytePairEncoder {
  /** The text of each symbol; the first 256 are the bytes. */
  readonly symbols: string[] = [...BYTE_CHARACTERS]
  readonly #rankOfPair = new Map<number, number>()
  readonly #left: number[] = []
  readonly #right: number[] = []
  readonly #merged: number[] = []
  readonly #cache = new Map<string, readonly number[]>()
  readonly #symbolOf = new Map(BYTE_OF_CHARACTER)

  /** @param characters those beyond ASCII that words may hold */
  constructor(merges: ReadonlyArray<readonly [string, string]>, characters: Iterable<string> = []) {
    const symbolOf = (text: string): number => {
      const symbol = this.#symbolOf.get(text) ?? this.symbols.push(text) - 1
      this.#symbolOf.set(text, symbol)
      return symbol
    }
    for (const character of characters) symbolOf(character)
    for (const [rank, [first, second]] of merges.entries()) {
      this.#left.push(symbolOf(first))
      this.#right.push(symbolOf(second))
      this.#merged.push(symbolOf(first + second))
      // A pair that is listed twice keeps its last rank, as in the reference.
      this.#rankOfPair.set(pairKey(this.#left[rank]!, this.#right[rank]!), rank)
    }
  }

  /** @param word ASCII, and the characters that the encoder was made with */
  encode(word: string): readonly number[] {
    const cached = this.#cache.get(word)
    if (cached) return cached
    const symbols = this.#merge(word)
    if (word.length > CACHED_WORD_LENGTH) return symbols
    if (this.#cache.size >= CACHED_WORDS) this.#cache.clear()
    this.#cache.set(word, symbols)
    return symbols
  }

  /** One symbol for each character; an ASCII character's is its byte. */
  #symbolsOf(word: string): Int32Array {
    if (!/[^\0-\x7f]/.test(word)) {
      return Int32Array.from({ length: word.length }, (_, at) => word.charCodeAt(at))
    }
    return Int32Array.from(word, (character) => {
      return character < '\x80' ? character.charCodeAt(0) : this.#symbolOf.get(character)!
    })
  }

  #merge(word: string): number[] {
    const chain = new SymbolChain(this.#symbolsOf(word))
    const waiting = new RankQueue()
    const wait = (at: number) => {
      const rank = this.#rankOfPair.get(pairKey(chain.symbolAt(at), chain.symbolAt(chain.after(at))))
      if (rank !== undefined) waiting.add(rank, at)
    }
    for (let at = 0; at < chain.length; at++) wait(at)
    for (let round = waiting.takeBest(); round; round = waiting.takeBest()) {
      const { rank, places } = round
      // Skip places whose pair an earlier merge has consumed.
      const merged = places.filter((at) => {
        const next = chain.after(at)
        if (chain.symbolAt(at) !== this.#left[rank] || chain.symbolAt(next) !== this.#right[rank])
          return false
        chain.join(at, this.#merged[rank]!)
        return true
      })
      // Queue new pairs only after the round: one of them may rank better than this round's pair.
      for (const at of merged) {
        wait(chain.before(at))
        wait(at)
      }
    }
    return chain.toArray()
  }
}

/** No symbol: before the first place, after the last one, and at a place that was joined to its neighbour. */
const NONE = -1

/** A word's symbols, which it takes over, as a doubly linked list over the places of its characters. */
class SymbolChain {
  readonly #symbols: Int32Array
  readonly #next: Int32Array
  readonly #previous: Int32Array

  constructor(symbols: Int32Array) {
    this.#symbols = symbols
    this.#next = symbols.map((_, at) => (at + 1 < symbols.length ? at + 1 : NONE))
    this.#previous = symbols.map((_, at) => at - 1)
  }

  get length(): number {
    return this.#symbols.length
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

  /** Replaces the symbol at a place and the one after it by a single symbol. */
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

/** The places of mergeable pairs, grouped by rank. A binary heap of ranks finds the best one. */
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

  /** Removes and returns the best rank with all its places, in word order. */
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

/** One key for two symbols; there are far fewer than 2^26 symbols. */
function pairKey(left: number, right: number): number {
  return left < 0 || right < 0 ? NONE : left * 2 ** 26 + right
}

/** Printable Latin-1 bytes map to themselves; the others map to U+0100 and up, in order. */
function byteCharacters(): string[] {
  let spare = 0x100
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad)
    return String.fromCharCode(printable ? byte : spare++)
  })
}

/** Decodes tokens in byte-level characters to text; invalid UTF-8 becomes U+FFFD. */
export function textOfTokens(tokens: readonly string[]): string {
  const bytes: number[] = []
  for (const token of tokens) {
    for (const character of token) {
      const byte = BYTE_OF_CHARACTER.get(character)
      if (byte === undefined) {
        throw modelFormat(
          `token ${JSON.stringify(token)} holds a character that is not a byte-level character`,
        )
      }
      bytes.push(byte)
    }
  }
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes))
}
