/** Checks that a model file is complete and undamaged. */

import { textChecks } from '../../quantize/text_checks.js'
import type { NativeHeld } from '../addon/contract/files.js'
import { scanModel } from '../addon/jobs.js'
import { path } from '../base/check.js'
import { ClvpError } from '../base/errors.js'
import { abortSignal, callback, threads } from '../base/kinds.js'
import { type OptionsOf, optionTable, readOptions } from '../base/options.js'

export const verifyTable = optionTable({
  /** CPU threads that check weights, 1 to 512; default: the physical cores that the process may use. */
  threads: { kind: threads, defaultText: 'the physical cores', help: 'CPU threads' },
  /** Called with the finished part, 0 to 1. */
  onProgress: { kind: callback<(fraction: number) => void>() },
  /** Stops the call with CLVP_ABORTED. */
  signal: { kind: abortSignal() },
})

export interface VerifyOptions extends OptionsOf<typeof verifyTable> {}

/** A fault of a file. */
export interface ModelFault {
  /** Absent if the fault concerns the file as a whole. */
  tensor?: string
  what: string
}

export interface Verification {
  path: string
  /** True if there are no faults. */
  isSound: boolean
  faults: ModelFault[]
  /**
   * Checksum of the header, which contains the tensors' checksums, as the file states it: XXH64, 16 hexadecimal digits. Absent
   * for files of older versions, which have no checksums: damage that leaves finite weights then goes unnoticed.
   */
  checksum?: string
  /** Size of the file. */
  bytes: number
  tensors: number
}

/**
 * Reads a whole model file and lists what is wrong with it: its structure, parameters, tensors' names and shapes, vocabulary and settings,
 * its checksums, bytes between or behind the tensors, and weights that are NaN or infinite. `Clvp.load` checks only
 * structure, parameters and shapes, since reading 2.7 GB twice takes long.
 *
 * @example
 * ```js
 * const { isSound, faults } = await verifyModel('clvp.gguf')
 * if (!isSound) console.error(faults)
 * ```
 *
 * @throws ClvpError CLVP_INVALID_ARGUMENT for a wrong option, CLVP_IO if the file cannot be read, CLVP_ABORTED. A damaged file is
 *   not an error: the result lists its faults.
 */
export async function verifyModel(file: string, options: VerifyOptions = {}): Promise<Verification> {
  const name = path(file, 'path')
  const { threads = 0, onProgress, signal } = readOptions(verifyTable, options, 'options')
  const { checksum, values, bytes, tensors, ...found } = await scanModel(name, {
    threads,
    onProgress,
    signal,
  })
  const faults: ModelFault[] = found.faults.map(({ tensor, what }) => (tensor ? { tensor, what } : { what }))
  if (tensors > 0) faults.push(...textFaults(values))
  return { path: name, isSound: faults.length === 0, faults, ...(checksum && { checksum }), bytes, tensors }
}

/** Faults of the keys that the JavaScript side reads when it loads a model. */
function textFaults(values: Record<string, NativeHeld>): ModelFault[] {
  const faults: ModelFault[] = []
  for (const check of textChecks(values)) {
    try {
      check()
    } catch (error) {
      if (!(error instanceof ClvpError)) throw error
      faults.push({ what: error.message })
    }
  }
  return faults
}
