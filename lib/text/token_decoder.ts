import { Callable } from '../base/callable.js'
import { string } from '../base/check.js'
import { invalid } from '../base/errors.js'
import type { Tensor } from '../base/tensor.js'
import { textOfTokens } from './bpe.js'
import type { Normalizer } from './reading/reading.js'
import {
  type ClvpTokenizerSettings,
  type DecodeOptions,
  readDecodeOptions,
  readSkipSpecialTokens,
  type Side,
} from './tokenizer_options.js'
import { readIds, readSequences, TokenTable } from './tokens.js'

export const SPACE_TOKEN = '[SPACE]'
const STOP_TOKEN = '[STOP]'

/** {@link TokenDecoder} with the call signature of its instances. */
export type DecoderClass<Call> = new (
  vocab: unknown,
  settings: Required<ClvpTokenizerSettings>,
) => TokenDecoder & Call

/** The half of a tokenizer that holds the token table and decodes ids to text. */
export class TokenDecoder extends Callable {
  readonly unkToken: string
  readonly bosToken: string
  readonly eosToken: string
  readonly padToken: string
  readonly addPrefixSpace: boolean
  readonly paddingSide: Side
  readonly truncationSide: Side
  /** Infinity for no limit. */
  readonly modelMaxLength: number
  readonly cleanUpTokenizationSpaces: boolean
  readonly normalizer: Normalizer
  readonly #table: TokenTable

  constructor(vocab: unknown, settings: Required<ClvpTokenizerSettings>) {
    super()
    this.bosToken = settings.bosToken
    this.eosToken = settings.eosToken
    this.unkToken = settings.unkToken
    this.padToken = settings.padToken
    this.addPrefixSpace = settings.addPrefixSpace
    this.paddingSide = settings.paddingSide
    this.truncationSide = settings.truncationSide
    this.modelMaxLength = settings.modelMaxLength
    this.cleanUpTokenizationSpaces = settings.cleanUpTokenizationSpaces
    this.normalizer = settings.normalizer
    this.#table = new TokenTable(vocab, this.allSpecialTokens, this.unkToken)
  }

  /** @internal */
  protected get table(): TokenTable {
    return this.#table
  }

  /** Number of tokens in the vocabulary, without added special tokens. */
  get vocabSize(): number {
    return this.table.vocabSize
  }

  /** Number of tokens, added special tokens included. */
  get length(): number {
    return this.table.entries.size
  }

  get unkTokenId(): number {
    return this.table.idOf(this.unkToken)
  }

  get bosTokenId(): number {
    return this.table.idOf(this.bosToken)
  }

  get eosTokenId(): number {
    return this.table.idOf(this.eosToken)
  }

  get padTokenId(): number {
    return this.table.idOf(this.padToken)
  }

  /** The distinct special tokens, in transformers' order: begin, end, unknown, pad. */
  get allSpecialTokens(): string[] {
    return [...new Set([this.bosToken, this.eosToken, this.unkToken, this.padToken])]
  }

  get allSpecialIds(): number[] {
    return this.table.idsOf(this.allSpecialTokens)
  }

  /** A copy of the map from token to id, added special tokens included. */
  getVocab(): Record<string, number> {
    return Object.fromEntries(this.table.entries)
  }

  /**
   * Decodes ids to text, as transformers does: tokens are concatenated, `[SPACE]` included, unless
   * `cleanUpTokenizationSpaces` turns it into a space. Invalid UTF-8 becomes U+FFFD.
   *
   * @param ids one id or several
   * @throws ClvpError `CLVP_INVALID_ARGUMENT` for an id without a token, `CLVP_MODEL_FORMAT` for a token of the
   *   vocabulary that is not written in byte-level characters
   */
  decode(ids: number | ArrayLike<number>, options: DecodeOptions = {}): string {
    const { skipSpecialTokens, cleanUpTokenizationSpaces } = readDecodeOptions(
      options,
      this.cleanUpTokenizationSpaces,
    )
    const tokens: string[] = []
    for (const [index, id] of readIds(ids).entries()) {
      if (skipSpecialTokens && this.table.isSpecial(id)) continue
      const token = this.table.tokenOf(id)
      if (token === undefined) throw invalid('an id of the vocabulary', `ids[${index}]`, id)
      tokens.push(token)
    }
    const text = textOfTokens(tokens)
    return cleanUpTokenizationSpaces ? this.#cleanUp(text) : text
  }

  /**
   * {@link ClvpTokenizer.decode} for several sequences of ids, or for a tensor with two axes.
   *
   * @throws ClvpError as `decode`
   */
  batchDecode(
    sequences: Tensor | ReadonlyArray<number | ArrayLike<number>>,
    options: DecodeOptions = {},
  ): string[] {
    const rows = readSequences(sequences, 'sequences') as (number | ArrayLike<number>)[]
    return rows.map((ids) => this.decode(ids, options))
  }

  /**
   * Decodes tokens in byte-level characters to text. Invalid UTF-8 becomes U+FFFD.
   *
   * @throws ClvpError `CLVP_INVALID_ARGUMENT` for anything but strings, `CLVP_MODEL_FORMAT` for a character
   *   that is not a byte-level character
   */
  convertTokensToString(tokens: readonly string[]): string {
    if (!Array.isArray(tokens)) throw invalid('an array of strings', 'tokens', tokens)
    return textOfTokens(Array.from(tokens, (token, at) => string(token, `tokens[${at}]`)))
  }

  /**
   * The id of a token, or the ids of several. A token that is not in the vocabulary gets the unknown token's id.
   *
   * @throws ClvpError `CLVP_INVALID_ARGUMENT` for anything but strings
   */
  convertTokensToIds(tokens: string): number
  convertTokensToIds(tokens: readonly string[]): number[]
  convertTokensToIds(tokens: string | readonly string[]): number | number[] {
    return typeof tokens === 'string' ? this.table.idOf(tokens) : this.table.idsOf(tokens)
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
    const list = readIds(ids)
    // A single id is never skipped, as in the reference.
    if (typeof ids === 'number') return this.table.tokenOf(ids) ?? null
    return list
      .filter((id) => !(skip && this.table.isSpecial(id)))
      .map((id) => this.table.tokenOf(id) ?? null)
  }

  /** Concatenates a sequence, or a pair of them, for the model: CLVP's tokenizer adds no special tokens. */
  buildInputsWithSpecialTokens(ids: ArrayLike<number>, pair: ArrayLike<number> = []): Int32Array {
    return Int32Array.from([...readIds(ids), ...readIds(pair, 'pair')])
  }

  /**
   * A mask with 1 for each special token. {@link ClvpTokenizer.buildInputsWithSpecialTokens} adds none, so it is all
   * zeros unless the ids already have their special tokens.
   */
  getSpecialTokensMask(
    ids: ArrayLike<number>,
    pair: ArrayLike<number> = [],
    alreadyHasSpecialTokens = false,
  ): Int32Array {
    const all = this.buildInputsWithSpecialTokens(ids, pair)
    if (alreadyHasSpecialTokens && pair.length > 0) {
      throw invalid('no second sequence beside one that has its special tokens', 'pair', pair)
    }
    return all.map((id) => (alreadyHasSpecialTokens && this.table.isSpecial(id) ? 1 : 0))
  }

  /**
   * 0 for the ids of the first sequence, 1 for those of the second.
   */
  createTokenTypeIdsFromSequences(ids: ArrayLike<number>, pair: ArrayLike<number> = []): Int32Array {
    const first = readIds(ids).length
    return new Int32Array(first + readIds(pair, 'pair').length).fill(1, first)
  }

  /** How many special tokens a call adds to a text: none. */
  numSpecialTokensToAdd(): number {
    return 0
  }

  #cleanUp(text: string): string {
    const spaced = this.table.has(SPACE_TOKEN) ? text.replaceAll(SPACE_TOKEN, ' ') : text
    const stopped = this.table.has(STOP_TOKEN) ? spaced.replaceAll(STOP_TOKEN, ' ') : spaced
    return stopped.replaceAll(this.unkToken, '').replaceAll('   ', ' ').replaceAll('  ', ' ')
  }
}
