/** The plan of a generate() call with its memory: a batch size that fits the limit, and the bytes to wait for. */
import { checkMemory } from '../addon/free_memory.js'
import type { SizedPlan } from './generate.js'
import type { GeneratePlan } from './generate_plan.js'
import type { ModelInfo } from './info.js'
import { fitBatch, type MemoryRequest } from './memory.js'

/** A plan with the bytes that it takes in addition to the weights. */
export type MemoryPlan = SizedPlan & { bytes: number }

/** How a call's best candidate becomes sound. */
export type PlannedSound = Pick<MemoryRequest, 'speech' | 'guidance'>

/**
 * @param textTokens length of the text
 * @param most the model's memory limit, which the plan's own overrides
 */
export function withMemory(
  plan: GeneratePlan,
  textTokens: number,
  info: ModelInfo,
  most: number | undefined,
  sound: PlannedSound = {},
): MemoryPlan {
  const { candidates, maxTokens: tokens, scores, padTo, latents, keep, maxMemory = most } = plan
  const rows = plan.beams?.beams ?? candidates // all beams are decoded together
  // For this call alone: the batch may also hold candidates of other calls, which have their own estimates.
  const estimate = (batchSize: number) =>
    info.estimateMemory({
      candidates: rows,
      tokens,
      batchSize: Math.min(batchSize, rows),
      textTokens,
      scores,
      padTo,
      latents,
      keep,
      ...sound,
    })
  const batch = plan.beams
    ? { wanted: rows, option: 'beams' }
    : { wanted: plan.batchSize, option: 'batchSize' }
  const batchSize = fitBatch({ ...batch, candidates: rows, maxMemory, estimate })
  const bytes = estimate(batchSize).total - info.bytes
  // On another device the allocation itself fails with an error.
  if (info.device === 'CPU') checkMemory(bytes, 'use a smaller batchSize or maxTokens')
  return { ...plan, batchSize, maxMemory, bytes }
}
