/** Sampling settings: defaults and checks. */
import { binding, rewrap } from '../addon/binding.js'
import type { NativeSampling } from '../addon/contract/drawing.js'
import { either, integer, number } from '../base/kinds.js'
import { optionTable, readGiven } from '../base/options.js'

/**
 * The sampling settings of `Clvp.generate`. The defaults are tortoise's, and the 50 likeliest, which its transformers pipeline
 * keeps. A checkpoint may have defaults of its own: `info.sampling` holds those of a model.
 */
export const samplingTable = optionTable({
  /**
   * Divides the logits, 0.001 to 1,000; default 0.8. 0 always takes the most likely code (greedy): then only repetitionPenalty of
   * the other sampling options has an effect.
   */
  temperature: {
    kind: either(0, number(1e-3, 1e3)),
    default: 0.8,
    help: 'divide the logits; 0 always takes the most likely code',
  },
  /** Keeps the k most likely codes, and those as likely as the last of them; 0 to 2^31, default 50, 0 keeps all. */
  topK: { kind: integer(0, 2 ** 31), default: 50, help: 'keep the N most likely codes; 0 keeps all' },
  /** Keeps the most likely codes whose probabilities sum up to this, 0 to 1; default 0.8, 1 keeps all. */
  topP: { kind: number(0, 1), default: 0.8, help: 'keep the most likely codes with this total probability' },
  /** Keeps codes at least this fraction as likely as the likeliest, 0 to 1; default 0, which keeps all. */
  minP: {
    kind: number(0, 1),
    default: 0,
    help: 'keep codes at least this fraction as likely as the likeliest',
  },
  /**
   * Keeps the codes whose information content is nearest to the entropy and whose probabilities sum up to this, above 0 to 1;
   * default 1, which keeps all.
   */
  typicalP: {
    kind: number(0, 1, { above: true }),
    default: 1,
    help: 'keep the most typical codes with this total probability',
  },
  /** Divides positive logits of codes already drawn, and multiplies negative ones; 0.001 to 1,000, default 2, 1 has no effect. */
  repetitionPenalty: {
    kind: number(1e-3, 1e3),
    default: 2,
    help: 'divide the logits of codes already drawn',
  },
})

/** tortoise's sampling settings. */
export const defaultSampling: NativeSampling = readSampling({})

/** Checks settings; tortoise's replace those that are absent. */
export function readSampling(from: Readonly<Record<string, unknown>>): NativeSampling {
  return readGiven(samplingTable, from)
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
