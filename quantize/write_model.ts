/** Writes a model file: the last stage of every conversion. */

import { stat } from 'node:fs/promises'
import { binding, native } from '../lib/addon/binding.js'
import type { NativeValue, NativeWriter } from '../lib/addon/contract.js'
import { availableMemory } from '../lib/addon/free_memory.js'
import { type ModelType, modelTypes, rowBytes, type WeightType } from '../lib/addon/weight_types.js'
import { onAbort } from '../lib/base/abort.js'
import { abortSignal, callback, integer, oneOf } from '../lib/base/check.js'
import { abortError, ClvpError, invalid } from '../lib/base/errors.js'
import { failIo, isAbsence } from '../lib/base/files.js'
import { columnImportance, refuseUnused } from './column_importance.js'
import type { SourceTensor } from './formats/source_tensor.js'
import { Importance } from './importance.js'
import { autoType, readTensorTypes, type TensorTypes } from './type_choice.js'

/** Tensors are read and written in pieces of about this size, except for those that are transposed or scattered. */
const CHUNK_BYTES = 8 * 2 ** 20

export interface PlannedPart {
  readonly source: SourceTensor
  readonly dataType: WeightType
}

/** One tensor to write. */
export interface PlannedTensor {
  readonly name: string
  readonly type: WeightType
  /** In GGML's order: the contiguous dimension first. */
  readonly dims: number[]
  /** Stacked by rows. */
  readonly parts: readonly PlannedPart[]
  /** The parts are stored as [in, out]. */
  readonly isTransposed: boolean
}

/** Options that all conversions share. */
export interface OutputOptions {
  /**
   * Type of the weight matrices. Everything else is F32, except a codebook, which is F16 unless this is `'f32'`. The mixes
   * `'q5_k_m'` and `'q4_k_m'` keep the most sensitive matrices in a larger type. Default `'f16'`; `'auto'` chooses a type for
   * this machine's device and free memory: docs/performance.md.
   */
  type?: ModelType | 'auto' | undefined
  /**
   * Other types for some matrices: pairs of a name pattern (`*` any characters, `?` one, `{a,b}` either) and a type. The last
   * matching pair wins. A pattern that matches no tensor, or one that must be F32, is an error.
   */
  tensorTypes?: TensorTypes | undefined
  /**
   * The result of `calibrate()` for this checkpoint: types of 4 to 6 bits then lose less in important columns. It is an error
   * if none of the requested types uses it.
   */
  importance?: Importance | undefined
  /** Threads, 1 to 512; default: the physical cores that the process may use. The file does not depend on the number. */
  threads?: number | undefined
  /** Called with the fraction done, 0 to 1. */
  onProgress?: ((fraction: number) => void) | undefined
  /** Stops the conversion and removes its temporary files. */
  signal?: AbortSignal | undefined
}

export const outputOptions = ['type', 'tensorTypes', 'importance', 'threads', 'onProgress', 'signal'] as const

/** Checked options. */
export type OutputSettings = ReturnType<typeof readOutputOptions>

export function readOutputOptions(given: Partial<Record<(typeof outputOptions)[number], unknown>>) {
  const wanted =
    given.type === undefined ? 'f16' : oneOf(given.type, 'type', [...modelTypes, 'auto'] as const)
  const type = wanted === 'auto' ? autoType('auto', availableMemory()) : wanted
  const tensorTypes = readTensorTypes(given.tensorTypes)
  const { importance } = given
  if (importance !== undefined) {
    if (!(importance instanceof Importance)) {
      throw invalid('an Importance made by calibrate() or Importance.load()', 'importance', importance)
    }
    refuseUnused(type, tensorTypes)
  }
  return {
    type,
    tensorTypes,
    importance,
    threads: given.threads === undefined ? 0 : integer(given.threads, 'threads', 1, 512),
    onProgress: callback<(fraction: number) => void>(given.onProgress, 'onProgress'),
    signal: abortSignal(given.signal, 'signal'),
  } as const
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal)
}

/** Rejects a target that is a file of the source, also through a link: writing would destroy the source. */
export async function refuseOverwrite(target: string, paths: readonly string[]): Promise<void> {
  const identity = async (path: string) => {
    const { dev, ino } = await stat(path, { bigint: true })
    return `${dev}:${ino}`
  }
  const existing = await identity(target).catch((error) =>
    isAbsence(error) ? undefined : failIo(target, error),
  )
  if (existing === undefined) return
  for (const path of paths) {
    if ((await identity(path).catch((error) => failIo(path, error))) === existing) {
      throw new ClvpError(
        'CLVP_INVALID_ARGUMENT',
        `${target} is a file of the source: ${path}. Write to another path`,
      )
    }
  }
}

/** Keys that record how a file was written. */
export const OUTPUT_KEYS = ['clvp.type', 'clvp.tensor_types', 'clvp.calibration'] as const

function outputValues({
  type,
  tensorTypes,
  importance,
}: OutputSettings): Partial<Record<(typeof OUTPUT_KEYS)[number], NativeValue>> {
  const patterns = tensorTypes.map(([pattern, own]) => `${pattern}=${own}`)
  const samples = importance && `${importance.texts} texts, ${importance.voices} voices`
  return {
    'clvp.type': { type: 'string', value: type },
    ...(patterns.length > 0 && { 'clvp.tensor_types': { type: 'string[]', value: patterns } }),
    ...(samples && { 'clvp.calibration': { type: 'string', value: samples } }),
  }
}

/** Writes a model file atomically and returns its size in bytes. */
export async function writeModel(
  target: string,
  values: Record<string, NativeValue>,
  tensors: readonly PlannedTensor[],
  settings: OutputSettings,
): Promise<number> {
  const { importance, threads, onProgress, signal } = settings
  throwIfAborted(signal)
  const columns = importance && columnImportance(tensors, importance)
  const planned = tensors.map(({ name, type, dims }) => ({
    name,
    type,
    dims,
    importance: columns?.get(name),
  }))
  const all = { ...values, ...outputValues(settings) }
  const writer = await native(() => new binding.Writer(target, all, planned, threads))
  const forget = signal && onAbort(signal, () => writer.abort())
  try {
    await writeTensors(writer, tensors, onProgress, signal)
    await native(() => writer.finish())
  } catch (error) {
    throwIfAborted(signal) // with the signal's reason
    throw error
  } finally {
    forget?.()
    writer.close()
  }
  const { size } = await stat(target).catch((error) => failIo(target, error))
  return size
}

async function writeTensors(
  writer: NativeWriter,
  tensors: readonly PlannedTensor[],
  onProgress: ((fraction: number) => void) | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const parts = tensors.flatMap((tensor) => tensor.parts)
  const total = parts.reduce((sum, part) => sum + part.source.bytes, 0)
  let done = 0
  for (const tensor of tensors) {
    for await (const bytes of writeTensor(writer, tensor)) {
      done += bytes
      onProgress?.(done / total)
      throwIfAborted(signal)
    }
  }
}

/** Writes one tensor, and yields the bytes of each piece that is written. */
async function* writeTensor(writer: NativeWriter, tensor: PlannedTensor): AsyncGenerator<number> {
  for (const { source, dataType } of tensor.parts) {
    const columns = tensor.dims[0]!
    const row = rowBytes(dataType, columns)
    const isWhole = tensor.isTransposed || source.isScattered
    const chunkBytes = isWhole ? source.bytes : Math.max(1, Math.floor(CHUNK_BYTES / row)) * row
    const buffer = new Uint8Array(Math.min(chunkBytes, source.bytes))
    for (let start = 0; start < source.bytes; start += chunkBytes) {
      const chunk = buffer.subarray(0, Math.min(chunkBytes, source.bytes - start))
      await source.read(start, chunk)
      await native(() => writer.append(chunk, dataType, tensor.isTransposed ? columns : 0))
      yield chunk.length
    }
  }
}
