/** Writes a model file: the last stage of every conversion. */

import { stat } from 'node:fs/promises'
import { binding, native } from '../lib/addon/binding.js'
import type { NativeValue, NativeWriter } from '../lib/addon/contract/files.js'
import { rowBytes, type WeightType } from '../lib/addon/weight_types.js'
import { onAbort } from '../lib/base/abort.js'
import { abortError, ClvpError } from '../lib/base/errors.js'
import { failIo, isAbsence } from '../lib/base/files.js'
import { columnImportance } from './column_importance.js'
import type { SourceTensor } from './formats/source_tensor.js'
import type { OutputSettings } from './output_options.js'

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
const OUTPUT_KEYS = ['clvp.type', 'clvp.tensor_types', 'clvp.calibration'] as const

/** A model's keys with those that record how it is written now, in place of any that it has. */
export function withOutputKeys(
  values: Readonly<Record<string, NativeValue>>,
  settings: OutputSettings,
): Record<string, NativeValue> {
  const others = Object.entries(values).filter(([key]) => !OUTPUT_KEYS.some((each) => each === key))
  return { ...Object.fromEntries(others), ...outputValues(settings) }
}

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
  { importance, threads, onProgress, signal }: Omit<OutputSettings, 'type' | 'tensorTypes'>,
): Promise<number> {
  throwIfAborted(signal)
  const columns = importance && columnImportance(tensors, importance)
  const planned = tensors.map(({ name, type, dims }) => ({
    name,
    type,
    dims,
    importance: columns?.get(name),
  }))
  const writer = await native(() => new binding.Writer(target, values, planned, threads))
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
