/** Measures how fast a loaded model draws on this machine, for each batch size. */

import { abortSignal, callback, integer, pick } from '../base/check.js'
import { invalid } from '../base/errors.js'
import { limits } from '../base/limits.js'
import { Clvp } from './clvp.js'

export interface BenchmarkOptions {
  /** Candidates decoded together, each 1 to 1,024; default [1, 4, 8, 16]. */
  batchSizes?: readonly number[] | undefined
  /** Codes of each candidate, 2 to `info.maxTokens`; default 32. A run is shorter if candidates stop earlier. */
  tokens?: number | undefined
  /** Runs of each size, 1 to 100; default 3. The sizes alternate, and the result holds medians. */
  rounds?: number | undefined
  /** Stops the benchmark with CLVP_ABORTED. */
  signal?: AbortSignal | undefined
  /** Called with the finished part, 0 to 1. */
  onProgress?: ((fraction: number) => void) | undefined
}

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
 * @throws ClvpError CLVP_INVALID_ARGUMENT for wrong options, CLVP_OUT_OF_MEMORY, CLVP_ABORTED, CLVP_DISPOSED
 */
export async function benchmark(clvp: Clvp, options: BenchmarkOptions = {}): Promise<BenchmarkResult> {
  if (!(clvp instanceof Clvp)) throw invalid('a Clvp', 'clvp', clvp)
  const { batchSizes, tokens, rounds, signal, onProgress } = readOptions(options, clvp.info.maxTokens)
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

function readOptions(options: BenchmarkOptions, maxTokens: number) {
  const given = pick(options, ['batchSizes', 'tokens', 'rounds', 'signal', 'onProgress'], 'options')
  const { batchSizes = [1, 4, 8, 16], tokens = Math.min(32, maxTokens), rounds = 3 } = given
  if (!Array.isArray(batchSizes) || batchSizes.length === 0) {
    throw invalid('an array of numbers', 'batchSizes', batchSizes)
  }
  return {
    batchSizes: Array.from(batchSizes, (size: unknown, i) =>
      integer(size, `batchSizes[${i}]`, 1, limits.batchSize),
    ),
    tokens: integer(tokens, 'tokens', 2, maxTokens),
    rounds: integer(rounds, 'rounds', 1, 100),
    signal: abortSignal(given.signal, 'signal'),
    onProgress: callback<(fraction: number) => void>(given.onProgress, 'onProgress'),
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
}
