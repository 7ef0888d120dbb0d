import { type BenchmarkResult, benchmark } from '../../clvp/benchmark.js'
import { Clvp } from '../../clvp/clvp.js'
import type { MemoryEstimate } from '../../clvp/memory.js'
import type { LoadOptions } from '../../loading/load_options.js'
import { type Arguments, type Command, type Context, UsageError } from '../command.js'
import { modelFlags, modelSource, readSourceFlags } from '../model.js'
import { sourceFileFlags } from '../source_files.js'
import { megabytes, table } from '../table.js'

const { device, type, revision } = modelFlags

export const bench: Command = {
  name: 'bench',
  args: 'MODEL...',
  summary: 'Measure how fast models draw on this machine, and recommend settings; or estimate their memory',
  details:
    'Each MODEL (a .gguf file, a folder, a hub id, or demo) is loaded once for each number of threads. Nothing else\n' +
    'should run meanwhile. With --estimate nothing is drawn: it prints the memory of one call, by parts.',
  flags: {
    'batch-sizes': { value: 'N,N', help: 'candidates decoded together (default: 1,4,8,16)' },
    threads: { value: 'N,N', help: 'CPU threads to try (default: the physical cores)' },
    tokens: {
      value: 'N',
      help: 'codes of each candidate (default: 32; with --estimate 500, or the limit of the model)',
    },
    rounds: { value: 'N', help: 'runs of each size, of which medians are printed (default: 3)' },
    estimate: { help: 'print the peak memory of a call without running it' },
    candidates: { value: 'N', short: 'n', help: 'with --estimate: candidates drawn (default: 16)' },
    'batch-size': { value: 'N', help: 'with --estimate: candidates decoded together (default: 16)' },
    'text-tokens': { value: 'N', help: 'with --estimate: length of the text in tokens (default: 100)' },
    ...(device && { device }),
    ...(type && { type }),
    ...(revision && { revision }),
    ...sourceFileFlags,
  },
  async run(args, context) {
    args.positional(0, 'MODEL')
    return args.flag('estimate') ? estimate(args, context) : measure(args, context)
  },
}

const onlyRuns = ['batch-sizes', 'rounds', 'threads']
const onlyEstimates = ['candidates', 'batch-size', 'text-tokens']

function refuse(args: Arguments, names: readonly string[], why: string): void {
  const found = names.find((name) => args.text(name) !== undefined)
  if (found !== undefined) throw new UsageError(`--${found} goes ${why}`)
}

/** Reads whole numbers separated by commas. */
function list(args: Arguments, name: string): number[] | undefined {
  return args
    .text(name)
    ?.split(',')
    .map((each) => {
      if (!/^\d+$/.test(each))
        throw new UsageError(`--${name} takes whole numbers separated by commas, not '${each}'`)
      return Number(each)
    })
}

async function withEach<T>(
  args: Arguments,
  options: LoadOptions,
  use: (clvp: Clvp, source: string) => Promise<T>,
): Promise<T[]> {
  const found: T[] = []
  for (const source of args.positionals) {
    const clvp = await Clvp.load(modelSource(source), options)
    try {
      found.push(await use(clvp, source))
    } finally {
      await clvp.dispose()
    }
  }
  return found
}

// --- measuring ---------------------------------------------------------------------------------------------------------

type Measured = BenchmarkResult & { source: string }

async function measure(args: Arguments, context: Context) {
  refuse(args, onlyEstimates, 'with --estimate')
  const batchSizes = list(args, 'batch-sizes')
  const options = {
    ...(batchSizes && { batchSizes }),
    ...args.numbers({ tokens: 'tokens', rounds: 'rounds' }),
    signal: context.signal,
  }
  const results: Measured[] = []
  for (const threads of list(args, 'threads') ?? [undefined]) {
    const onProgress = (fraction: number) => context.progress('bench', fraction)
    const load = { ...readSourceFlags(args, context), threads }
    const found = await withEach(args, load, async (clvp, source) => ({
      ...(await benchmark(clvp, { ...options, onProgress })),
      source,
    }))
    results.push(...found)
  }
  const best = results.reduce((a, b) => (b.recommended.codesPerSecond > a.recommended.codesPerSecond ? b : a))
  const recommended = {
    source: best.source,
    type: best.type,
    threads: best.threads,
    batchSize: best.recommended.batchSize,
  }
  return { text: `${measuredTable(results)}\n\n${advice(recommended)}`, json: { results, recommended } }
}

function measuredTable(results: readonly Measured[]): string {
  const rows = results.flatMap(({ source, type, threads, rows: each }) =>
    each.map((row) => [
      source,
      type,
      String(threads),
      String(row.batchSize),
      `${row.stepMs.toFixed(1)} ms`,
      row.codesPerSecond.toFixed(1),
      `${row.prefillMs.toFixed(0)} ms`,
      megabytes(row.estimatedBytes),
    ]),
  )
  return table([['model', 'type', 'threads', 'batch', 'a step', 'codes/s', 'prefill', 'memory'], ...rows])
}

function advice({
  source,
  type,
  threads,
  batchSize,
}: {
  source: string
  type: string
  threads: number
  batchSize: number
}) {
  return `Recommended: ${source} (${type}), ${threads} threads, a batch size of ${batchSize}`
}

// --- estimating ----------------------------------------------------------------------------------------------------------

async function estimate(args: Arguments, context: Context) {
  refuse(args, onlyRuns, 'without --estimate')
  const results = await withEach(args, readSourceFlags(args, context), async (clvp, source) => {
    const request = {
      candidates: 16,
      tokens: Math.min(500, clvp.info.maxTokens),
      ...args.numbers({
        candidates: 'candidates',
        tokens: 'tokens',
        'batch-size': 'batchSize',
        'text-tokens': 'textTokens',
      }),
    }
    return { source, type: clvp.info.type, ...request, bytes: clvp.info.estimateMemory(request) }
  })
  return { text: estimateTable(results), json: results }
}

function estimateTable(results: readonly { source: string; type: string; bytes: MemoryEstimate }[]): string {
  const parts = Object.keys(results[0]!.bytes) as (keyof MemoryEstimate)[]
  const rows = results.map(({ source, type, bytes }) => [
    source,
    type,
    ...parts.map((part) => megabytes(bytes[part])),
  ])
  return table([['model', 'type', ...parts.map((part) => (part === 'kvCache' ? 'KV cache' : part))], ...rows])
}
