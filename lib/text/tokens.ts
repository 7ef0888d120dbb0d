/** A vocabulary with its special tokens: maps tokens to ids and back. */
import { types } from 'node:util'
import { string } from '../base/check.js'
import { invalid } from '../base/errors.js'
import { rowsOf, Tensor } from '../base/tensor.js'
import { BYTE_CHARACTERS } from './bpe.js'
import { addSpecialTokens, readVocab } from './vocabulary.js'

export class TokenTable {
  readonly #vocab: ReadonlyMap<string, number>
  readonly #added: ReadonlyMap<string, number>
  readonly #tokens: ReadonlyMap<number, string>
  readonly #specialIds: ReadonlySet<number>
  readonly #unknownId: number

  /**
   * @param special includes `unknown`; special tokens missing from the vocabulary get the ids after its
   * size
   */
  constructor(vocab: unknown, special: readonly string[], unknown: string) {
    this.#vocab = readVocab(vocab)
    this.#added = addSpecialTokens(this.#vocab, special)
    this.#tokens = new Map([...this.#vocab, ...this.#added].map(([token, id]) => [id, token]))
    this.#specialIds = new Set(this.#added.values())
    this.#unknownId = this.#added.get(unknown)!
  }

  /** Number of tokens in the vocabulary, without added special tokens. */
  get vocabSize(): number {
    return this.#vocab.size
  }

  /** All tokens and their ids, special tokens included. */
  get entries(): ReadonlyMap<string, number> {
    return new Map([...this.#vocab, ...this.#added])
  }

  /** The vocabulary without added special tokens. */
  get vocab(): ReadonlyMap<string, number> {
    return this.#vocab
  }

  /** The special tokens and their ids. */
  get special(): ReadonlyMap<string, number> {
    return this.#added
  }

  /**
   * The characters that have a token: what a text can be made of. Characters beyond ASCII count where a token is
   * written with them; in a vocabulary of byte-level characters they stand for bytes instead.
   */
  characters(): ReadonlySet<string> {
    const single = [...this.#vocab.keys()].filter((token) => /^.$/su.test(token) && !this.#added.has(token))
    const isByteLevel = this.#vocab.has(BYTE_CHARACTERS[0x20]!)
    return new Set(isByteLevel ? single.filter((token) => token < '\x80') : single)
  }

  has(token: string): boolean {
    return this.#vocab.has(token) || this.#added.has(token)
  }

  idOf(token: string): number {
    return this.#added.get(token) ?? this.#vocab.get(token) ?? this.#unknownId
  }

  tokenOf(id: number): string | undefined {
    return this.#tokens.get(id)
  }

  isSpecial(id: number): boolean {
    return this.#specialIds.has(id)
  }

  idsOf(tokens: unknown): number[] {
    if (!Array.isArray(tokens)) throw invalid('a string or an array of strings', 'tokens', tokens)
    return Array.from(tokens, (token, index) => this.idOf(string(token, `tokens[${index}]`)))
  }
}

/** One id or a sequence of them, checked. */
export function readIds(ids: unknown, name = 'ids'): number[] {
  if (typeof ids === 'number') return [readId(ids, name)]
  if (!Array.isArray(ids) && !isTypedArray(ids)) throw invalid('an id or an array of ids', name, ids)
  if (ids.length === 0) return [] // a typed array with a detached buffer cannot be iterated
  return Array.from(ids, (id: unknown, index) => readId(id, `${name}[${index}]`))
}

/** Several sequences of ids: an array of them, or a tensor with two axes. */
export function readSequences(sequences: unknown, name: string): readonly unknown[] {
  if (Tensor.isSound(sequences)) return rowsOf(sequences, name)
  if (!Array.isArray(sequences)) throw invalid('an array of id sequences or a tensor', name, sequences)
  return sequences
}

function readId(id: unknown, name: string): number {
  if (typeof id !== 'number' || !Number.isInteger(id)) throw invalid('a whole number', name, id)
  return id
}

function isTypedArray(value: unknown): value is ArrayLike<unknown> {
  return ArrayBuffer.isView(value) && !types.isDataView(value)
}
