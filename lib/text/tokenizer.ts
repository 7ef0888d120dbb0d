import { string } from '../base/check.js'
import { invalid } from '../base/errors.js'
import { BYTE_CHARACTERS, BytePairEncoder } from './bpe.js'
import { type Normalizer, type Reading, TextReader } from './reading/reading.js'
import type { DroppedText, TextChange } from './reading/traced_text.js'
import { spokenAtLeast } from './text_length.js'
import { type DecoderClass, SPACE_TOKEN, TokenDecoder } from './token_decoder.js'
import {
  type BatchEncoding,
  batchRows,
  type EncodedInputs,
  type PadOptions,
  padEncoded,
  readCallOptions,
  readPadOptions,
  type TokenizerCallOptions,
} from './tokenizer_call.js'
import { readFolder, saveTokenizer, saveVocabulary } from './tokenizer_files.js'
import {
  type ClvpTokenizerOptions,
  type ClvpTokenizerSettings,
  type DecodeOptions,
  readTokenizeOptions,
  readTokenizerOptions,
  readTokenizerSettings,
  type TokenizeOptions,
  type TokenizePlan,
} from './tokenizer_options.js'
import { parseMerges, parseVocab, readText, splitMerge } from './vocabulary.js'

export type {
  BatchEncoding,
  ClvpTokenizerOptions,
  ClvpTokenizerSettings,
  DecodeOptions,
  EncodedInputs,
  PadOptions,
  TokenizeOptions,
  TokenizerCallOptions,
}

/** One token and its position in the normalised text. */
export interface OffsetToken {
  id: number
  /** The token as `tokenize` returns it: `'[SPACE]'` for a space; an unknown piece is unchanged. */
  text: string
  /** First character, an index into the normalised text. */
  start: number
  /** One past the last character. */
  end: number
}

/** How a text was tokenized. */
export interface EncodingWithOffsets {
  /** The text that was tokenized. */
  normalized: string
  tokens: OffsetToken[]
  /** What the normaliser changed, case and white space apart; indices refer to the original text. */
  changes: TextChange[]
  /** What the normaliser dropped because it cannot be spoken; indices refer to the original text. */
  dropped: DroppedText[]
}

/** How transformers splits a text into words; the only white space is the space character. */
const TRANSFORMERS_WORD =
  /'(?:s|t|re|ve|m|ll|d)| ?\p{L}[\p{L}\p{M}]*| ?\p{N}+| ?[^ \p{L}\p{N}]+| +(?![^ ])| +/gu
/**
 * How tortoise splits it, with which the published weights were trained: an apostrophe is no part of a
 * word.
 */
const TORTOISE_WORD = / |[\p{L}\p{M}\p{N}_]+|[^ \p{L}\p{M}\p{N}_]+/gu

/** A text of this many times the characters that the tokens could hold is not read at all. */
const MOST_UNSPOKEN = 32

const SPACE_CHARACTER = BYTE_CHARACTERS[0x20]!

/** A text, or several. */
type Texts = string | readonly string[]

/**
 * CLVP's tokenizer: a normaliser, then byte-pair encoding. By default token ids equal those of transformers'
 * `ClvpTokenizer` with `split_special_tokens=True`: text that looks like a special token is plain text, so no input can
 * inject one, unless `splitSpecialTokens` is false. Like the reference, it adds no special tokens. `normalizer` reads
 * texts otherwise: docs/text.md.
 *
 * An instance is also a function: `tokenizer(texts, options)` is {@link ClvpTokenizer.call}. Instances are immutable.
 *
 * @example
 * ```js
 * const tokenizer = await ClvpTokenizer.fromPretrained('checkpoint')
 * const { inputIds, attentionMask } = tokenizer(['Hello world.', 'Hi.'], { padding: true })
 * ```
 */
export class ClvpTokenizer extends (TokenDecoder as DecoderClass<
  (texts: Texts, options?: TokenizerCallOptions) => BatchEncoding
>) {
  /** The results of a call that are inputs of a model. */
  static readonly modelInputNames: readonly string[] = Object.freeze(['inputIds', 'attentionMask'])
  /** The merges as given, highest priority first. */
  readonly merges: readonly string[]
  readonly #bpe: BytePairEncoder
  /** Token text and id of each of the encoder's symbols. */
  readonly #names: readonly string[]
  readonly #ids: readonly number[]
  /** Characters of the longest symbol. */
  readonly #longest: number
  /** A reader for each normaliser that was used, other than a caller's. */
  readonly #readers = new Map<Normalizer, TextReader>()
  readonly #characters: ReadonlySet<string>
  /** Splits a text at special tokens, the longest first, and keeps them. */
  readonly #special: RegExp

  /**
   * @param options see {@link ClvpTokenizerOptions}; special tokens missing from `vocab` get the ids after its size
   * @throws ClvpError `CLVP_INVALID_ARGUMENT` for a wrong or unknown option, `CLVP_MODEL_FORMAT` for a vocabulary
   *   with duplicate or non-integer ids, or for a merge without two parts
   */
  constructor(options: ClvpTokenizerOptions) {
    const { vocab, merges, ...settings } = readTokenizerOptions(options)
    super(vocab, settings)
    const pairs = Array.from(merges, splitMerge)
    this.merges = Object.freeze([...(merges as readonly string[])])
    this.#characters = this.table.characters()
    this.#bpe = new BytePairEncoder(pairs, this.#characters)
    const hasSpace = this.table.vocab.has(SPACE_TOKEN)
    this.#names = this.#bpe.symbols.map((text) => (hasSpace && text === SPACE_CHARACTER ? SPACE_TOKEN : text))
    this.#ids = this.#names.map((token) => this.table.idOf(token))
    this.#longest = this.#bpe.symbols.reduce((most, text) => Math.max(most, text.length), 1)
    this.#special = splitterAt(this.allSpecialTokens)
  }

  /**
   * Makes a tokenizer from a folder's `vocab.json`, `merges.txt` and optional `tokenizer_config.json`.
   *
   * @param settings override those of the folder
   * @throws ClvpError `CLVP_IO` when a file cannot be read, `CLVP_MODEL_FORMAT` for malformed ones, `CLVP_UNSUPPORTED` for
   *   added tokens other than the four special ones
   */
  static async fromPretrained(folder: string, settings: ClvpTokenizerSettings = {}): Promise<ClvpTokenizer> {
    const given = readTokenizerSettings(settings)
    return readFolder(folder, (vocab, merges, found) => {
      return ClvpTokenizer.fromTexts(vocab, merges, { ...found, ...given })
    })
  }

  /**
   * Makes a tokenizer from a `vocab.json` and a `merges.txt`.
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
   * Makes a tokenizer from the contents of the two files. The reference always treats the first line of the merges
   * as a version line. Here that line must start with `#version`, so files without one lose no merge.
   *
   * @param vocabText JSON: one object that maps tokens to ids
   * @param mergesText one merge per line, after an optional version line; empty lines are skipped
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

  /**
   * Normalises a text and splits it into tokens. A piece that the vocabulary lacks is returned unchanged, but its id
   * is the unknown token's.
   *
   * @throws ClvpError `CLVP_INVALID_ARGUMENT` when `text` is not a string
   */
  tokenize(text: string, options: TokenizeOptions = {}): string[] {
    const tokens: string[] = []
    this.#eachToken(text, readTokenizeOptions(options, this.normalizer), (token) => tokens.push(token))
    return tokens
  }

  /**
   * The ids of a text without special tokens: transformers' `input_ids`.
   *
   * @throws ClvpError `CLVP_INVALID_ARGUMENT` when `text` is not a string
   */
  encode(text: string, options: TokenizeOptions = {}): Int32Array {
    return this.#encode(text, readTokenizeOptions(options, this.normalizer))
  }

  /**
   * {@link ClvpTokenizer.encodeWithOffsets}, or undefined for a text that certainly has more than `most` tokens, or is
   * much longer than so many tokens can be: normalising and splitting a long text would block the event loop.
   *
   * @internal
   */
  encodeUpTo(
    text: string,
    most: number,
    options: Pick<TokenizeOptions, 'normalizer'> = {},
  ): EncodingWithOffsets | undefined {
    const { normalizer } = readTokenizeOptions(options, this.normalizer)
    const mostSpoken = most * this.#longest
    if (normalizer === 'transformers' && spokenAtLeast(text, mostSpoken) > mostSpoken) return undefined
    if (normalizer !== 'transformers' && text.length > mostSpoken * MOST_UNSPOKEN) return undefined
    const reading = this.#readerOf(normalizer).read(text)
    return reading.text.length > mostSpoken ? undefined : this.#encodeReading(reading, normalizer)
  }

  /**
   * Encodes texts as input tensors of a model, as calling a transformers tokenizer does. `tokenizer(texts, options)`
   * is the same.
   *
   * @param texts one text or several, at least one
   * @throws ClvpError `CLVP_INVALID_ARGUMENT` for anything but texts, for a wrong or unknown option, or when texts differ
   *   in length and neither padding nor truncation makes them equal
   */
  override call(texts: Texts, options: TokenizerCallOptions = {}): BatchEncoding {
    const { splitSpecialTokens, normalizer, ...plan } = readCallOptions(options, this)
    const list: unknown[] = Array.isArray(texts) ? texts : [texts]
    if (list.length === 0) throw invalid('a text or some texts', 'texts', texts)
    const rows = Array.from(list, (text, at) => {
      const name = list === texts ? `texts[${at}]` : 'text'
      return this.#encode(string(text, name), { splitSpecialTokens, normalizer })
    })
    return batchRows(rows, plan, list === texts)
  }

  /**
   * Pads rows of ids, and their masks, to one length.
   *
   * @param encoded one encoding, of one row or several, or an array of encodings
   * @throws ClvpError `CLVP_INVALID_ARGUMENT` as {@link ClvpTokenizer.call}
   */
  pad(encoded: EncodedInputs | readonly EncodedInputs[], options: PadOptions = {}): BatchEncoding {
    return padEncoded(encoded, readPadOptions(options, this))
  }

  /**
   * {@link ClvpTokenizer.encode} with the normalised text, each token's position, and what the normaliser changed and
   * dropped.
   *
   * @throws ClvpError `CLVP_INVALID_ARGUMENT` when `text` is not a string
   */
  encodeWithOffsets(text: string, options: Pick<TokenizeOptions, 'normalizer'> = {}): EncodingWithOffsets {
    const { normalizer } = readTokenizeOptions(options, this.normalizer)
    return this.#encodeReading(this.#readerOf(normalizer).read(string(text, 'text')), normalizer)
  }

  /**
   * Writes `vocab.json` and `merges.txt` into a folder and creates it if necessary. The merges start with the version
   * line that every reader expects. transformers expects it too but does not write it, and then loses the first merge.
   *
   * @param prefix prepended to the file names, with a hyphen
   * @returns the two paths
   * @throws ClvpError `CLVP_IO`
   */
  saveVocabulary(folder: string, prefix?: string): Promise<[string, string]> {
    return saveVocabulary(folder, this.table.vocab, this.merges, prefix)
  }

  /**
   * {@link ClvpTokenizer.saveVocabulary}, plus `tokenizer_config.json` and the ids of added tokens.
   *
   * @param processorClass the processor class named in `tokenizer_config.json`; none by default
   * @returns the paths of all files
   * @throws ClvpError `CLVP_IO`
   */
  savePretrained(folder: string, processorClass?: string): Promise<string[]> {
    const name = processorClass === undefined ? undefined : string(processorClass, 'processorClass')
    return saveTokenizer(folder, this, this.table, name)
  }

  #encode(text: string, options: TokenizePlan): Int32Array {
    const ids: number[] = []
    this.#eachToken(text, options, (_, id) => ids.push(id))
    return Int32Array.from(ids)
  }

  #encodeReading(
    { text: normalized, changes, dropped }: Reading,
    normalizer: Normalizer,
  ): EncodingWithOffsets {
    const tokens: OffsetToken[] = []
    this.#eachSymbol(normalized, normalizer, (symbol, start, end) => {
      tokens.push({ id: this.#ids[symbol]!, text: this.#names[symbol]!, start, end })
    })
    return { normalized, tokens, changes, dropped }
  }

  #eachToken(
    text: string,
    { splitSpecialTokens, normalizer }: TokenizePlan,
    visit: (token: string, id: number) => void,
  ): void {
    const reader = this.#readerOf(normalizer)
    // The reference normalises each piece between special tokens separately.
    const pieces = splitSpecialTokens ? [string(text, 'text')] : string(text, 'text').split(this.#special)
    for (const [at, piece] of pieces.entries()) {
      if (at % 2 === 1) visit(piece, this.table.idOf(piece))
      else {
        this.#eachSymbol(reader.normalize(piece), normalizer, (symbol) => {
          visit(this.#names[symbol]!, this.#ids[symbol]!)
        })
      }
    }
  }

  #readerOf(normalizer: Normalizer): TextReader {
    const known = this.#readers.get(normalizer)
    if (known) return known
    const reader = new TextReader(normalizer, this.#characters)
    if (typeof normalizer === 'string') this.#readers.set(normalizer, reader)
    return reader
  }

  /** Calls `visit` for each symbol of a normalised text, in order, with its position. */
  #eachSymbol(
    normalized: string,
    normalizer: Normalizer,
    visit: (symbol: number, start: number, end: number) => void,
  ): void {
    const words = normalizer === 'transformers' ? TRANSFORMERS_WORD : TORTOISE_WORD
    let start = 0
    // The pattern covers the whole text, so positions can be summed.
    for (const [word] of normalized.matchAll(words)) {
      for (const symbol of this.#bpe.encode(word)) {
        const end = start + this.#bpe.symbols[symbol]!.length
        visit(symbol, start, end)
        start = end
      }
    }
  }
}

/** A pattern for `split` that keeps the tokens, at odd indices. */
function splitterAt(tokens: readonly string[]): RegExp {
  const longestFirst = tokens.toSorted((a, b) => b.length - a.length)
  const literals = longestFirst.map((token) => token.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
  return new RegExp(`(${literals.join('|')})`)
}
