/**
 * What `'auto'` stands for: one rule for the command line, load, conversion and generate. docs/performance.md tells it, with the
 * measurements that it follows from.
 */
import { devices } from '../addon/devices.js'
import type { ModelType } from '../addon/weight_types.js'
import { ClvpError } from '../base/errors.js'
import type { MemoryEstimate } from './memory.js'

/** Candidates decoded together: beyond it a step's time grows with them. */
export const autoBatchSize = 16

/**
 * Bytes that are free, and the type for a model of the published size that fits: the first row that they reach counts. Each leaves
 * room for sixteen candidates.
 */
const typesByMemory: readonly { atLeast: number; type: ModelType }[] = [
  { atLeast: 1e9, type: 'q8_0' },
  { atLeast: 0.8e9, type: 'q6_k' },
  { atLeast: 0, type: 'q4_k_m' },
]

/** The type to convert to: f16 for a GPU, whose memory is not counted here; else the best that fits into `memory` bytes. */
export function autoType(device: string, memory: number): ModelType {
  if (isGpu(device)) return 'f16'
  return typesByMemory.find(({ atLeast }) => memory >= atLeast)?.type ?? 'q4_k_m'
}

function isGpu(wanted: string): boolean {
  const all = devices()
  const name = wanted.toLowerCase()
  const found =
    name === 'auto' ? all[0] : all.find((each) => [each.name.toLowerCase(), each.kind].includes(name))
  return found !== undefined && found.kind !== 'cpu'
}

/** What a call asks of memory. */
export interface BatchRequest {
  /** How many at a time, or 'auto': the most, up to 16, that fit. */
  wanted: number | 'auto'
  candidates: number
  /** What the caller can make smaller if it is too much: 'batchSize' or 'beams'. */
  option: string
  /** Bytes; undefined for no limit. */
  maxMemory: number | undefined
  /** What the call takes with so many at a time. */
  estimate(batchSize: number): MemoryEstimate
}

/**
 * How many candidates are decoded together.
 *
 * @throws ClvpError CLVP_OUT_OF_MEMORY if as many as wanted are too much, and with 'auto' if one is
 */
export function fitBatch({ wanted, candidates, option, maxMemory, estimate }: BatchRequest): number {
  // It may be more than this call has candidates: other calls share the batch.
  const most = wanted === 'auto' ? autoBatchSize : wanted
  if (maxMemory === undefined) return most
  let size = most
  while (size > 0 && estimate(size).total > maxMemory) size--
  if (size === 0)
    throw tooMuch(
      'one candidate',
      estimate(1),
      maxMemory,
      'use fewer tokens, a shorter text or a smaller type',
    )
  const asked = Math.min(most, candidates)
  if (size < asked && wanted !== 'auto')
    throw tooMuch(
      `${asked} candidates at a time`,
      estimate(asked),
      maxMemory,
      `set ${option} to ${size} or less`,
    )
  return size
}

/** @param what takes so much */
export function tooMuch(
  what: string,
  estimate: MemoryEstimate,
  maxMemory: number,
  remedy: string,
): ClvpError {
  const { total, ...parts } = estimate
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`
  const list = Object.entries(parts).map(([name, bytes]) => `${name} ${megabytes(bytes)}`)
  return new ClvpError(
    'CLVP_OUT_OF_MEMORY',
    `Expected a call within maxMemory, ${megabytes(maxMemory)}, but ${what} would take ${megabytes(total)} (${list.join(', ')}): ${remedy}`,
  )
}
