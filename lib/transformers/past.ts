/** What the decoder remembers of rows that it has read. */
import type { NativePast } from '../addon/binding.js'
import { invalid } from '../base/errors.js'

const natives = new WeakMap<PastKeyValues, NativePast>()

/**
 * Keys and values of rows of tokens, as an opaque handle. It never changes: a forward that goes on from it gives another, and
 * it may be gone on from again. (transformers changes the cache that it is given.)
 */
export class PastKeyValues {
  readonly batchSize: number
  /** Tokens of each row. */
  readonly length: number

  /** @internal */
  constructor(native: NativePast) {
    this.batchSize = native.rows
    this.length = native.tokens
    natives.set(this, native)
  }

  /** Tokens of each row: transformers' `get_seq_length`. */
  getSeqLength(): number {
    return this.length
  }

  /** Frees the memory now rather than with the garbage. It can't be gone on from afterwards. */
  dispose(): void {
    natives.get(this)?.dispose()
  }
}

/** The core's side of a past, if there is one. */
export function readPast(value: unknown): NativePast | undefined {
  if (value === undefined) return undefined
  const native = value instanceof PastKeyValues ? natives.get(value) : undefined
  if (!native) throw invalid('pastKeyValues that forward gave', 'pastKeyValues', value)
  return native
}
