/** `clvp batch submit | work | retry`: a run over many machines. */
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { optionTable } from '../../base/options.js'
import { BatchRun } from '../../batch/run.js'
import type { BatchTask } from '../../batch/tasks.js'
import type { Clvp } from '../../clvp/clvp.js'
import { loadTable } from '../../loading/load_options.js'
import type { Arguments, Command, Context, Output } from '../command.js'
import { flagsOf, readFlags } from '../flags.js'
import { withModel } from '../model.js'
import { readReadingFlags } from '../reading.js'
import { table } from '../table.js'
import { count, needFlag, readRun, readRunVoice, runFlags, taskFlags } from './flags.js'
import { type QueueState, queuePackage, withStore } from './queue_package.js'

/** Options of loading that change no result. */
const { threads, maxMemory, mmap } = loadTable
const freeTable = optionTable({ threads, maxMemory, mmap })

const queueFlag = { queue: { value: 'URL', help: 'redis://HOST:PORT of the queue; rediss:// for TLS' } }

export function submitCommand(task: BatchTask): Command {
  return {
    args: 'IN',
    details:
      "All workers must see IN, OUT and the model under the same paths, except that OUT may be s3://BUCKET/PREFIX, or queue:NAME for small results in the queue's Redis, and the model a name on the hub. docs/batch.md",
    examples: ['rows.jsonl -m demo -o run --queue redis://HOST:6379'],
    flags: {
      ...taskFlags(task),
      Run: {
        ...runFlags,
        ...queueFlag,
        wait: { help: 'return once all shards are done; send shards again that Redis lost' },
      },
    },
    run(args, context) {
      const input = args.positional(0, 'IN')
      const [out, queue] = [needFlag(args, 'out', 'the place of the run'), needFlag(args, 'queue', 'a queue')]
      const source = needFlag(args, 'model', "a model, or 'demo'")
      const request = readRun(args, task)
      const { compat } = readReadingFlags(args)
      const use = (clvp: Clvp) =>
        withStore(out, queue, async (store) => {
          const voice = await readRunVoice(clvp, args, context, task)
          const found = await placeOf(source)
          const run = await BatchRun.open({ ...request, task, input, store, clvp, source: found, voice })
          return submit(run, queue, args, context).finally(() => run.close())
        })
      return withModel(source, args, context, use, { ...(compat && { compat }) })
    },
  }
}

/** The path of a model, whole, as workers run in other folders. */
async function placeOf(source: string): Promise<string> {
  if (source === 'demo') return source
  return (await stat(source).catch(() => undefined)) ? resolve(source) : source
}

async function submit(run: BatchRun, queue: string, args: Arguments, context: Context): Promise<Output> {
  const { submitRun } = await queuePackage()
  const isWaiting = args.flag('wait')
  const json = await submitRun(run, {
    queue,
    isWaiting,
    signal: context.signal,
    onProgress: (done, all) => context.progress('shards', done / all, `${done} of ${all}`),
  })
  const { shards, pending, failed } = json
  const state = isWaiting ? 'are not done' : 'are in the queue'
  return {
    text: `${run.store.url}: ${pending} of ${shards} shards ${state}, ${failed} failed`,
    json,
    status: failed > 0 ? 1 : 0,
  }
}

export const work: Command = {
  args: '',
  details: 'SIGTERM and Ctrl-C stop the work at once: the shard goes back to the queue for another worker.',
  examples: ['--queue redis://127.0.0.1:6379 --exit-when-empty'],
  flags: {
    Run: {
      ...queueFlag,
      'exit-when-empty': { help: 'end once no shard is waiting or at work anywhere' },
      concurrency: {
        value: 'N',
        help: "rows at work together (1 to 256; default: what fills the model's batch)",
      },
      input: { value: 'IN', help: 'where this machine has the input, if not where submit had it' },
      'lock-seconds': {
        value: 'N',
        help: 'a shard whose worker has not been heard for so long goes to another one (5 to 3,600; default: 30)',
      },
      'metrics-port': {
        value: 'N',
        help: 'serve metrics for Prometheus on this port of the loopback interface',
      },
    },
    Machine: flagsOf(freeTable),
  },
  async run(args, context) {
    const queue = needFlag(args, 'queue', 'a queue')
    const { workQueue } = await queuePackage()
    const json = await workQueue({
      queue,
      exitWhenEmpty: args.flag('exit-when-empty'),
      concurrency: count(args, 'concurrency', 256),
      load: readFlags(args, freeTable),
      input: args.text('input'),
      lockSeconds: count(args, 'lock-seconds', 3600),
      metricsPort: count(args, 'metrics-port', 65_535),
      signal: context.signal,
      onProgress: ({ shards, rows }) => context.progress('work', 0, `${shards} shards, ${rows} rows`),
    })
    const { shards, rows, failed } = json
    return { text: `${shards} shards, ${rows} rows, ${failed} of them failed`, json }
  },
}

export const retry: Command = {
  args: '',
  examples: ['--queue redis://127.0.0.1:6379'],
  flags: { Run: queueFlag },
  async run(args) {
    const queue = needFlag(args, 'queue', 'a queue')
    const sent = await (await queuePackage()).retryFailed(queue)
    return { text: `${sent} shards are in the queue again`, json: { sent } }
  },
}

/** What `clvp batch status --queue` prints. */
export async function showQueue(args: Arguments, queue: string): Promise<Output> {
  const { queueStatus, queueMetrics } = await queuePackage()
  if (args.flag('metrics')) {
    const text = (await queueMetrics(queue)).trimEnd()
    return { text, json: { metrics: text } }
  }
  const json = await queueStatus(queue)
  return { text: describeQueue(json), json }
}

function describeQueue({ jobs, workers, active, rowsPerSecond, failed }: QueueState): string {
  const counts = Object.entries(jobs).map(([state, number]) => `${number} ${state}`)
  const lines = [`shards: ${counts.join(', ')}; ${workers} workers, ${rowsPerSecond.toFixed(1)} rows/s`]
  if (active.length > 0) {
    const rows = active.map(({ job, worker, rows: done }) => [job, worker, String(done)])
    lines.push(table([['at work', 'worker', 'rows'], ...rows]))
  }
  if (failed.length > 0) {
    const rows = failed.map(({ job, store, attempts, reason }) => [job, store, String(attempts), reason])
    lines.push(table([['failed', 'run', 'attempts', 'reason'], ...rows]))
  }
  return lines.join('\n\n')
}
