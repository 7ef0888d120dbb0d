/** How fast a loaded model draws on this machine, by how many candidates are decoded together. */

import { abortSignal, callback, integer, pick } from '../base/check.js'
import { invalid } from '../base/errors.js'
import { limits } from '../base/limits.js'
import { Clvp } from './clvp.js'

export interface BenchmarkOptions {
  /** Candidates decoded together, each 1 to 1,024; default [1, 4, 8, 16]. */
  batchSizes?: readonly number[] | undefined
  /** Codes of each candidate, 2 to `info.maxTokens`; default 32. Candidates that stop by themselves before make a run shorter. */
  tokens?: number | undefined
  /** Runs of each size, which take turns; medians are given. 1 to 100, default 3. */
  rounds?: number | undefined
  /** Stops the benchmark with CLVP_ABORTED. */
  signal?: AbortSignal | undefined
  /** Called with the part done, 0 to 1. */
  onProgress?: ((fraction: number) => void) | undefined
}

/** What one batch size gives. */
export interface BenchmarkRow {
  batchSize: number
  /** Of a decoder step of the whole batch, in milliseconds. */
  stepMs: number
  /** Drawn by all candidates together, prefill and ranking not counted. */
  codesPerSecond: number
  /** Of the prefix, once for all candidates, in milliseconds. */
  prefillMs: number
  /** What `info.estimateMemory` gives for that many candidates of `info.maxTokens` or 500 codes, in bytes. */
  estimatedBytes: number
}

export interface BenchmarkResult {
  name: string
  type: string
  device: string
  threads: number
  rows: BenchmarkRow[]
  /** The smallest batch size that comes within 5 % of the most codes a second. */
  recommended: BenchmarkRow
}

/** Long enough that a trained model does not stop while it is measured; the short one is for models with little room. */
const texts = [
  'The quick brown fox jumps over the lazy dog, and then it sleeps all day long in the shade of an old tree.',
  'Hello world.',
] as const
/** A larger batch takes more memory: it must be worth it. */
const worthIt = 0.95

/**
 * Draws a few codes for a text again and again. Nothing else should run meanwhile.
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
    // What the call before has read is not read again: two texts take turns.
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
  await draw(1, 2) // the first run meets memory that was never touched
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
