/** Measures how fast a loaded model draws on this machine, for each batch size. */

import { invalid } from '../base/errors.js'
import { abortSignal, callback, integer, numbers } from '../base/kinds.js'
import { limits } from '../base/limits.js'
import { type OptionsOf, optionTable, readOptions } from '../base/options.js'
import { Clvp } from './clvp.js'

export const benchmarkTable = optionTable({
  /** Candidates decoded together, each 1 to 1,024; default [1, 4, 8, 16]. */
  batchSizes: {
    kind: numbers(integer(1, limits.batchSize)),
    default: [1, 4, 8, 16],
    help: 'candidates decoded together',
  },
  /**
   * Codes of each candidate, 2 to the model's limit (`info.maxTokens`); default: 32, or the limit if that is less. A run is
   * shorter if candidates stop earlier.
   */
  tokens: {
    kind: integer(2, "the model's limit"),
    defaultText: '32, or the limit if that is less',
    help: 'codes of each candidate',
  },
  /** Runs of each size, 1 to 100; default 3. The sizes alternate, and the result holds medians. */
  rounds: { kind: integer(1, 100), default: 3, help: 'runs of each size, of which medians are printed' },
  /** Stops the benchmark with CLVP_ABORTED. */
  signal: { kind: abortSignal() },
  /** Called with the finished part, 0 to 1. */
  onProgress: { kind: callback<(fraction: number) => void>() },
})

export interface BenchmarkOptions extends OptionsOf<typeof benchmarkTable> {}

/** The results of one batch size. */
export interface BenchmarkRow {
  batchSize: number
  /** Time of one decoder step of the whole batch, in milliseconds. */
  stepMs: number
  /** Codes of all candidates per second, without prefill and ranking. */
  codesPerSecond: number
  /** Time of the prefill, once for all candidates, in milliseconds. */
  prefillMs: number
  /** Estimate of `info.estimateMemory` for that many candidates of 500 codes, or `info.maxTokens` if that is less; in bytes. */
  estimatedBytes: number
}

export interface BenchmarkResult {
  name: string
  type: string
  device: string
  threads: number
  rows: BenchmarkRow[]
  /** The smallest batch size that reaches 95 % of the highest codes per second. */
  recommended: BenchmarkRow
}

/** Long enough that a trained model does not stop during a run. The short text is for models with few text positions. */
const texts = [
  'The quick brown fox jumps over the lazy dog, and then it sleeps all day long in the shade of an old tree.',
  'Hello world.',
] as const
/** A larger batch takes more memory, so it must be clearly faster. */
const worthIt = 0.95

/**
 * Draws a few codes for a text repeatedly. Nothing else should run meanwhile.
 *
 * @example
 * ```js
 * const { recommended } = await benchmark(clvp, { batchSizes: [1, 8, 16] })
 * console.log(recommended.batchSize, recommended.codesPerSecond)
 * ```
 *
 * @throws ClvpError CLVP_INVALID_ARGUMENT for wrong options, CLVP_OUT_OF_MEMORY, CLVP_ABORTED, CLVP_DISPOSED
 */
export async function benchmark(clvp: Clvp, options: BenchmarkOptions = {}): Promise<BenchmarkResult> {
  if (!(clvp instanceof Clvp)) throw invalid('a Clvp', 'clvp', clvp)
  const table = tableOf(clvp.info.maxTokens)
  const { batchSizes, tokens, rounds, signal, onProgress } = readOptions(table, options, 'options')
  const voice = await clvp.voice(Clvp.demoVoice, { signal })
  const { remaining } = await clvp.explain(texts[0])
  const text = remaining >= 0 ? texts[0] : texts[1]
  let calls = 0
  const draw = async (candidates: number, maxTokens: number) => {
    // Two texts alternate, since a call does not repeat the prefill of the call before.
    const { timings, candidates: drawn } = await clvp.generate(`${text}${'!'.repeat(calls++ % 2)}`, {
      voice,
      candidates,
      batchSize: candidates,
      maxTokens,
      seed: 1,
      scores: 'none',
      signal,
    })
    const codes = drawn.reduce((sum, each) => sum + each.drawnCodes.length, 0)
    const { decodeMs, sampleMs, steps, prefillMs } = timings
    return {
      stepMs: decodeMs / Math.max(1, steps),
      codesPerSecond: (1000 * codes) / (decodeMs + sampleMs),
      prefillMs,
    }
  }
  await draw(1, 2) // warm-up: the first run touches new memory
  const runs = batchSizes.map((batchSize) => ({ batchSize, found: [] as Awaited<ReturnType<typeof draw>>[] }))
  for (let round = 0; round < rounds; round++) {
    for (const [i, { batchSize, found }] of runs.entries()) {
      found.push(await draw(batchSize, tokens))
      onProgress?.((round * runs.length + i + 1) / (rounds * runs.length))
    }
  }
  const rows = runs.map(({ batchSize, found }) => ({
    batchSize,
    stepMs: median(found.map((run) => run.stepMs)),
    codesPerSecond: median(found.map((run) => run.codesPerSecond)),
    prefillMs: median(found.map((run) => run.prefillMs)),
    estimatedBytes: clvp.info.estimateBytes({
      candidates: batchSize,
      batchSize,
      tokens: Math.min(500, clvp.info.maxTokens),
    }),
  }))
  const { name, type, device, threads } = clvp.info
  return { name, type, device, threads, rows, recommended: recommend(rows) }
}

function recommend(rows: readonly BenchmarkRow[]): BenchmarkRow {
  const most = Math.max(...rows.map(({ codesPerSecond }) => codesPerSecond))
  const bySize = [...rows].sort((a, b) => a.batchSize - b.batchSize)
  return bySize.find(({ codesPerSecond }) => codesPerSecond >= worthIt * most)!
}

/** The table with the limits of a model. */
function tableOf(maxTokens: number) {
  const row = benchmarkTable.tokens
  const tokens = { ...row, kind: row.kind.upTo(maxTokens), default: Math.min(32, maxTokens) }
  return { ...benchmarkTable, tokens }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
}
