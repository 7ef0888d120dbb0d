/** `clvp batch`: a task for each row of a file, over and over until all rows are done. */
import { once } from 'node:events'
import { needManifest } from '../../batch/manifest.js'
import { linesOf, mergeTo } from '../../batch/merge_file.js'
import { mergedRecords, type RunStatus, runStatus } from '../../batch/results.js'
import { BatchRun } from '../../batch/run.js'
import { FolderStore, ReadOnlyStore } from '../../batch/store.js'
import { type BatchTask, taskKinds } from '../../batch/tasks.js'
import { isOf, workOn } from '../../batch/worker.js'
import type { Clvp } from '../../clvp/clvp.js'
import {
  count,
  needFlag,
  readRun,
  readRunVoice,
  readShare,
  runFlags,
  taskFlags,
  workFlags,
} from '../batch/flags.js'
import { showQueue } from '../batch/queue_commands.js'
import { isRemote, withStore } from '../batch/queue_package.js'
import { describeTime, Reporter } from '../batch/reporter.js'
import { type Arguments, type Command, type Context, type Output, UsageError } from '../command.js'
import { withModel } from '../model.js'
import { readReadingFlags } from '../reading.js'

/** Rows that --dry-run runs. */
const tried = 32

const inputDetails =
  "IN is .jsonl, .csv, .tsv or .parquet with the columns id and COLUMNS; or lines of the OpenAI batch format; or a folder of clips with transcripts: LJSpeech's metadata.csv, Kaldi's text and wav.scp, or a.txt beside a.wav. OUT is a folder. A run that was stopped goes on with the same command. A row that fails becomes a record of its error, and the command ends with 1. Several processes may work in one folder. docs/batch.md"

export function taskCommand(task: BatchTask): Command {
  const columns = taskKinds[task].columns.filter((name) => name !== 'id').join(', ')
  return {
    args: 'IN',
    details: inputDetails.replace('COLUMNS', columns),
    examples: [`texts.csv -m demo -o run --column text=sentence`],
    flags: { ...taskFlags(task), Run: { ...runFlags, ...workFlags } },
    run(args, context) {
      const [input, out] = [args.positional(0, 'IN'), needFlag(args, 'out', 'the folder of the run')]
      if (isRemote(out))
        throw new UsageError(`--out takes a folder, not ${out}: 'clvp batch submit' takes that`)
      const source = needFlag(args, 'model', "a model, or 'demo'")
      const work = readWork(args)
      const request = readRun(args, task)
      const { compat } = readReadingFlags(args)
      const use = async (clvp: Clvp) => {
        const folder = new FolderStore(out)
        const isDry = args.flag('dry-run')
        const store = isDry ? new ReadOnlyStore(folder) : folder
        const voice = await readRunVoice(clvp, args, context, task)
        const run = await BatchRun.open({ ...request, task, input, store, clvp, source, voice })
        try {
          return isDry ? await estimate(run, clvp, work, context) : await runRows(run, clvp, work, context)
        } finally {
          await run.close()
        }
      }
      return withModel(source, args, context, use, { ...(compat && { compat }) })
    },
  }
}

function readWork(args: Arguments) {
  const concurrency = count(args, 'concurrency', 256)
  const limit = count(args, 'limit', Number.MAX_SAFE_INTEGER)
  return { concurrency, limit, share: readShare(args), retryFailed: args.flag('retry-failed') }
}

type Work = ReturnType<typeof readWork>

async function runRows(run: BatchRun, clvp: Clvp, work: Work, context: Context): Promise<Output> {
  const started = performance.now()
  const reporter = new Reporter(context)
  const made = await workOn(run, clvp, {
    ...work,
    signal: context.signal,
    onProgress: (progress) => reporter.update(progress),
  })
  const seconds = (performance.now() - started) / 1000
  const status = await runStatus(run.store)
  const rate = made.done / Math.max(seconds, 1e-3)
  return {
    text: `${run.store.url}: ${made.done} rows in ${describeTime(seconds)}, ${rate.toFixed(1)} rows/s; ${describeStatus(status)}`,
    json: { path: run.store.url, ...made, seconds, ...status },
    status: status.failed > 0 ? 1 : 0,
  }
}

async function estimate(run: BatchRun, clvp: Clvp, work: Work, context: Context): Promise<Output> {
  const { limit = run.rows, concurrency, share } = work
  const { shardRows } = run.manifest
  const rows = Math.min(run.rows, limit)
  const pending = (await run.pending(rows)).filter((shard) => isOf(share, shard))
  const missing = pending.reduce((sum, shard) => sum + run.rowsOf(shard, rows), 0)
  const slots = run.slots(concurrency)
  const rate = await run.measure(run.work(clvp), tried, { signal: context.signal, slots, rows })
  const seconds = rate === undefined ? 0 : missing / rate
  const facts = `${run.rows} rows in ${run.shards()} shards of ${shardRows}; ${missing} rows to do`
  return {
    text: `${facts}${rate === undefined ? '' : `, ${rate.toFixed(1)} rows/s, about ${describeTime(seconds)}`}; nothing was written`,
    json: { rows: run.rows, shards: run.shards(), missing, rowsPerSecond: rate ?? null, seconds },
  }
}

function describeStatus({ rows, done, failed, errors, shards }: RunStatus): string {
  const codes = Object.entries(errors).map(([code, times]) => `${code} ${times}`)
  const running = shards.running.length > 0 ? `, ${shards.running.length} at work` : ''
  const detail = codes.length > 0 ? ` (${codes.join(', ')})` : ''
  return `${done} of ${rows} rows are done, ${failed} failed${detail}; ${shards.done} of ${shards.all} shards${running}`
}

const queueFlag = { queue: { value: 'URL', help: 'redis://HOST:PORT of the queue' } }

export const status: Command = {
  args: '[OUT]',
  examples: ['run', '--queue redis://127.0.0.1:6379'],
  flags: { Run: { ...queueFlag, metrics: { help: "with --queue: print metrics in Prometheus' format" } } },
  async run(args) {
    const [out] = args.positionals
    const url = args.text('queue')
    if (out === undefined)
      return showQueue(args, needFlag(args, 'queue', "a queue, or name a run's folder OUT"))
    if (args.flag('metrics')) throw new UsageError('--metrics goes with --queue alone')
    const found = await withStore(out, url, runStatus)
    return { text: describeStatus(found), json: found }
  },
}

export const merge: Command = {
  args: 'OUT',
  examples: ['run -o records.parquet'],
  flags: {
    Run: { partial: { help: 'take a run that is not complete' }, ...queueFlag },
    Output: { out: { value: 'FILE', short: 'o', help: 'a file for the records: .jsonl, or .parquet' } },
  },
  run(args, { signal }) {
    const target = args.text('out')
    if (target === undefined && args.flag('json'))
      throw new UsageError('--json goes with --out: records are JSON')
    return withStore(args.positional(0, 'OUT'), args.text('queue'), async (store): Promise<Output> => {
      const { task } = await needManifest(store)
      const records = mergedRecords(store, args.flag('partial'))
      if (target !== undefined) {
        const rows = await mergeTo(target, task, records)
        return { text: `${target}: ${rows} records`, json: { path: target, rows } }
      }
      for await (const part of records) await print(linesOf(part), signal)
      return { text: '', json: {}, isSilent: true }
    })
  },
}

async function print(lines: string, signal: AbortSignal): Promise<void> {
  if (!process.stdout.write(lines)) await once(process.stdout, 'drain', { signal })
}
