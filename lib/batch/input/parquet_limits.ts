/** Decompressors that refuse to make more than a limit: a page says by itself how large it becomes. */
import type { Compressors } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { ClvpError } from '../../base/errors.js'

export function boundedCompressors(mostBytes: number): Compressors {
  const bounded = Object.entries(compressors).map(([codec, decompress]) => {
    const run = (input: Uint8Array, length: number) => {
      if (length >= 0 && length <= mostBytes) return decompress(input, length)
      throw new ClvpError(
        'CLVP_INVALID_ARGUMENT',
        `Expected at most ${mostBytes} bytes for a page of a Parquet file but it says ${length}: write the file again`,
      )
    }
    return [codec, run]
  })
  return Object.fromEntries(bounded) as Compressors
}
