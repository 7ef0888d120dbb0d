import { sourceTable } from '../../base/checkpoint_files.js'
import { type BenchmarkResult, benchmark, benchmarkTable } from '../../clvp/benchmark.js'
import { Clvp } from '../../clvp/clvp.js'
import { type MemoryEstimate, memoryTable } from '../../clvp/memory.js'
import { type LoadOptions, loadTable } from '../../loading/load_options.js'
import { type Arguments, type Command, type Context, UsageError } from '../command.js'
import { flagsOf, readFlags } from '../flags.js'
import { modelSource, readModelFlags } from '../model.js'
import { megabytes, table } from '../table.js'

const { device, type, revision } = loadTable
const benchedTable = { device, type, revision, ...sourceTable }

/** Options of a run and of an estimate; each refuses those of the other. */
const { batchSizes, rounds, tokens } = benchmarkTable
const runTable = { batchSizes, rounds }
const { candidates, batchSize, textTokens } = memoryTable
const estimateTable = { candidates, batchSize, textTokens }

export const bench: Command = {
  args: 'MODEL...',
  details:
    'Each MODEL (a .gguf file, a folder, a hub id, or demo) is loaded once for each number of threads. Nothing else should run meanwhile. With --estimate nothing is drawn: it prints the memory of one call, by parts.',
  examples: ['demo --threads 1,2,4', 'clvp.gguf --estimate --candidates 64'],
  flags: {
    Run: {
      ...flagsOf(runTable),
      tokens: {
        value: 'N',
        help: `codes of each candidate (default: ${tokens.defaultText}; with --estimate: 500)`,
      },
      estimate: { help: 'print the peak memory of a call without running it' },
      ...flagsOf(estimateTable),
    },
    Model: flagsOf({ type, revision, ...sourceTable }),
    Machine: {
      ...flagsOf({ device }),
      threads: { value: 'N,N', help: 'CPU threads to try (default: the physical cores)' },
    },
  },
  async run(args, context) {
    args.positional(0, 'MODEL')
    return args.flag('estimate') ? estimate(args, context) : measure(args, context)
  },
}

function refuse(args: Arguments, names: readonly string[], why: string): void {
  const found = names.find((name) => args.text(name) !== undefined)
  if (found !== undefined) throw new UsageError(`--${found} goes ${why}`)
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
  refuse(args, Object.keys(flagsOf(estimateTable)), 'with --estimate')
  const options = {
    ...readFlags(args, { ...runTable, tokens }),
    signal: context.signal,
  }
  const results: Measured[] = []
  for (const threads of args.numbers('threads') ?? [undefined]) {
    const onProgress = (fraction: number) => context.progress('bench', fraction)
    const load = { ...readModelFlags(args, context, benchedTable), threads }
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
  refuse(args, [...Object.keys(flagsOf(runTable)), 'threads'], 'without --estimate')
  const load = readModelFlags(args, context, benchedTable)
  const results = await withEach(args, load, async (clvp, source) => {
    const request = {
      candidates: 16,
      tokens: Math.min(500, clvp.info.maxTokens),
      ...readFlags(args, { ...estimateTable, tokens }),
    }
    return { source, type: clvp.info.type, ...request, bytes: clvp.info.estimateMemory(request) }
  })
  return { text: tableOf(results), json: results }
}

function tableOf(results: readonly { source: string; type: string; bytes: MemoryEstimate }[]): string {
  const parts = Object.keys(results[0]!.bytes) as (keyof MemoryEstimate)[]
  const rows = results.map(({ source, type, bytes }) => [
    source,
    type,
    ...parts.map((part) => megabytes(bytes[part])),
  ])
  return table([['model', 'type', ...parts.map((part) => (part === 'kvCache' ? 'KV cache' : part))], ...rows])
}
