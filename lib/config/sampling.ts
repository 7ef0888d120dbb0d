/** Sampling settings: defaults and checks. */
import { binding, rewrap } from '../addon/binding.js'
import type { NativeSampling } from '../addon/contract.js'
import { integer, number } from '../base/check.js'

export const samplingNames = ['repetitionPenalty', 'temperature', 'topK', 'topP', 'minP', 'typicalP'] as const

/** tortoise's sampling settings. Its transformers pipeline also keeps the 50 likeliest. */
export const defaultSampling: NativeSampling = {
  repetitionPenalty: 2,
  temperature: 0.8,
  topK: 50,
  topP: 0.8,
  minP: 0,
  typicalP: 1,
}

/** Checks a complete set of settings. */
export function readSampling(from: Partial<Record<(typeof samplingNames)[number], unknown>>): NativeSampling {
  const { repetitionPenalty, temperature, topK, topP, minP, typicalP } = from
  return {
    repetitionPenalty: number(repetitionPenalty, 'repetitionPenalty', 1e-3, 1e3),
    temperature: temperature === 0 ? 0 : number(temperature, 'temperature', 1e-3, 1e3),
    topK: integer(topK, 'topK', 0, 2 ** 31),
    topP: number(topP, 'topP', 0, 1),
    minP: number(minP, 'minP', 0, 1),
    typicalP: number(typicalP, 'typicalP', 0, 1, { above: true }),
  }
}

/** Applies transformers' logits processors and warpers. */
export function warpLogits(
  logits: Float32Array,
  seen: Int32Array,
  sampling: Partial<NativeSampling>,
): Float32Array {
  try {
    return binding.warpLogits(logits, seen, { ...defaultSampling, ...sampling })
  } catch (error) {
    throw rewrap(error)
  }
}
