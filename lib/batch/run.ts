/** A run: an input, a task and its settings, and a store that fills with parts. */
import { ClvpError } from '../base/errors.js'
import type { ClvpLoadOptions } from '../clvp/call_options.js'
import { Clvp } from '../clvp/clvp.js'
import { type BatchInput, openInput } from './input/input.js'
import { type Columns, readRow } from './input/row.js'
import {
  encodeManifest,
  keyOf,
  type Manifest,
  manifestName,
  needManifest,
  readManifest,
  requireSame,
} from './manifest.js'
import { decodePart, encodePart, latestParts, type Part, partName, partPrefix } from './parts.js'
import { type BatchRecord, isFailed } from './record.js'
import { RowWork } from './row_work.js'
import { changedInput, type RunRequest, requireContinued, requireVersion, settingsOf } from './run_request.js'
import { Slots } from './slots.js'
import type { BatchStore } from './store.js'
import { type BatchTask, taskKinds } from './tasks.js'

/** How a shard is run. */
export interface ShardOptions {
  signal: AbortSignal
  /** Rows at work together, over all shards. */
  slots: Slots
  /** Rows that the run has; fewer leave the shard's end for later. */
  rows: number
  /** Rows whose record is an error are tried again. */
  isRetry?: boolean
  /** Called for each row that is done, also for those that were kept. */
  onRow?: (record: BatchRecord) => void
}

/** How one shard is run. */
export interface RunShardOptions {
  signal: AbortSignal
  /** Rows at work together; default: what fills the model's batch. */
  concurrency?: number | undefined
  /** Rows whose record is an error are tried again. */
  isRetry?: boolean
  /** Called for each row that is done. */
  onRow?: (record: BatchRecord) => void
}

/**
 * A task for each row of an input: `clvp batch` in a program. Shards that another process has done are not done again.
 *
 * @example
 * ```js
 * const store = new FolderStore('run')
 * const run = await BatchRun.open({ task: 'generate', input: 'texts.csv', store, clvp, source: 'demo', voice })
 * for (const shard of await run.pending()) await run.runShard(clvp, shard, { signal })
 * await run.close()
 * ```
 */
export class BatchRun {
  readonly store: BatchStore
  readonly manifest: Manifest
  readonly #input: BatchInput

  private constructor(store: BatchStore, manifest: Manifest, input: BatchInput) {
    this.store = store
    this.manifest = manifest
    this.#input = input
  }

  /**
   * Begins a run, or goes on with the one that the store has.
   *
   * @throws ClvpError CLVP_INVALID_ARGUMENT for a run with other settings or another input, for an input without rows, and for a bad
   *   option; CLVP_UNSUPPORTED for a model that cannot do the task; CLVP_IO
   */
  static async open(request: RunRequest): Promise<BatchRun> {
    const { task, store, clvp, input: path, source } = request
    taskKinds[task].needs(clvp)
    const had = await readManifest(store)
    const settings = settingsOf(request, had)
    if (had) requireSame(store, had, settings)
    const columns = columnNames(task, settings.columns)
    const known = had && { identity: had.input, index: had.index }
    const input = await openInput(path, { every: settings.shardRows, columns, known })
    try {
      const { identity, index } = input
      const manifest: Manifest = { key: keyOf(settings), ...settings, source, input: identity, index }
      if (had) requireContinued(store, had, input)
      const isGrown = had !== undefined && had.input.sha256 !== identity.sha256
      if (!had || isGrown) {
        const isOurs = await store.write(manifestName, encodeManifest(manifest), { onlyNew: !had })
        // Another process began the run at the same time: its seed counts.
        if (!isOurs) {
          await input.close()
          return await BatchRun.open(request)
        }
      }
      return new BatchRun(store, manifest, input)
    } catch (error) {
      await input.close()
      throw error
    }
  }

  /**
   * Opens a run that another process began.
   *
   * @param path of the input, where it is not where the manifest says
   * @throws ClvpError CLVP_IO if there is no run, CLVP_INVALID_ARGUMENT if the input is another one
   */
  static async attach(store: BatchStore, path?: string): Promise<BatchRun> {
    const manifest = await needManifest(store)
    const { task, shardRows, columns, input: identity, index } = manifest
    requireVersion(store, manifest)
    const input = await openInput(path ?? identity.path, {
      every: shardRows,
      columns: columnNames(task, columns),
      known: { identity, index },
    })
    try {
      requireContinued(store, manifest, input)
      return new BatchRun(store, manifest, input)
    } catch (error) {
      await input.close()
      throw error
    }
  }

  get rows(): number {
    return this.manifest.input.rows
  }

  /** How many shards so many rows make. */
  shards(rows = this.rows): number {
    return Math.ceil(rows / this.manifest.shardRows)
  }

  /** Rows of a shard, of so many in all. */
  rowsOf(shard: number, rows = this.rows): number {
    const { shardRows } = this.manifest
    return Math.min(shardRows, rows - shard * shardRows)
  }

  /** Shards whose part is missing, or has too few rows. */
  async pending(rows = this.rows): Promise<number[]> {
    const parts = latestParts(await this.store.names())
    return Array.from({ length: this.shards(rows) }, (_, shard) => shard).filter(
      (shard) => (parts.get(shard)?.rows ?? -1) < this.rowsOf(shard, rows),
    )
  }

  /** Shards with a record that is an error. Reads all parts. */
  async failing(): Promise<number[]> {
    const failing: number[] = []
    for (const [shard, part] of latestParts(await this.store.names())) {
      if ((await this.#records(part)).some(isFailed)) failing.push(shard)
    }
    return failing.sort((a, b) => a - b)
  }

  /**
   * Slots for rows at work together.
   *
   * @internal
   * @param count default: what fills the model's batch
   */
  slots(count?: number): Slots {
    const { task, settings } = this.manifest
    return new Slots(count ?? taskKinds[task].together(settings))
  }

  /**
   * Loads the model of the run, from where it was when the run began.
   *
   * @param options of Clvp.load that change no result, such as `threads`
   * @throws ClvpError as Clvp.load does
   */
  loadModel(options: ClvpLoadOptions = {}): Promise<Clvp> {
    const { source, load, settings } = this.manifest
    const { compat } = settings as ClvpLoadOptions
    const given = { ...load, ...(compat !== undefined && { compat }), ...options }
    return Clvp.load(source === 'demo' ? Clvp.demo : source, given)
  }

  /**
   * Runs one shard to its end, and writes its part unless it is there.
   *
   * @throws ClvpError CLVP_INVALID_ARGUMENT for another model than the run's, CLVP_IO if the part cannot be written, CLVP_ABORTED,
   *   and errors that would strike every row: CLVP_DEVICE, CLVP_DISPOSED, CLVP_BUSY
   */
  async runShard(clvp: Clvp, shard: number, options: RunShardOptions): Promise<void> {
    const { signal, onRow, concurrency, isRetry = false } = options
    const slots = this.slots(concurrency)
    const work = this.work(clvp)
    const { finished } = await this.start(work, shard, {
      signal,
      slots,
      rows: this.rows,
      isRetry,
      ...(onRow && { onRow }),
    })
    await finished
  }

  /**
   * What turns rows into records, with a model that must be the run's.
   *
   * @internal
   */
  work(clvp: Clvp): RowWork {
    const { name, id, type } = clvp.info
    const { model } = this.manifest
    if (model.id === (id ?? null) && model.name === name && model.type === type) {
      return new RowWork(this.manifest, clvp, this.#input.folder, this.store)
    }
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected the model ${model.name} (${model.id}, ${model.type}) for the run but received ${name} (${id}, ${type}): load the same`,
    )
  }

  /**
   * Runs a shard and writes its part. Rows of the part that is there are kept.
   *
   * @internal
   * @returns once all rows have begun, so that another shard may begin; `finished` once the part is written
   */
  async start(work: RowWork, shard: number, options: ShardOptions): Promise<{ finished: Promise<void> }> {
    const { signal, slots, onRow, isRetry = false } = options
    const first = shard * this.manifest.shardRows
    const count = this.rowsOf(shard, options.rows)
    const old = latestParts(await this.store.names(partPrefix(shard))).get(shard)
    if (old && old.rows >= count && !isRetry) return { finished: Promise.resolve() } // by another process
    const kept = old ? await this.#records(old) : []
    const records: Promise<BatchRecord>[] = []
    const own = new AbortController()
    const both = AbortSignal.any([signal, own.signal])
    try {
      for await (const raw of this.#input.rows(first, count)) {
        const found = readRow(raw, this.manifest.task, this.manifest.columns)
        const before = kept[records.length]
        if (before && isSameRow(before, found) && !(isRetry && isFailed(before))) {
          records.push(Promise.resolve(before))
          onRow?.(before)
          continue
        }
        await slots.take(both)
        const record = work.run(found, first + records.length, both).finally(() => slots.free())
        record.then(onRow, () => own.abort()) // one failure of the run ends its other rows
        records.push(record)
      }
      if (records.length !== count) throw changedInput(this.#input.identity.path)
    } catch (error) {
      own.abort()
      const failed = (await Promise.allSettled(records)).find(
        (each) => each.status === 'rejected' && each.reason?.code !== 'CLVP_ABORTED',
      )
      throw failed?.status === 'rejected' ? failed.reason : error
    }
    const finished = this.#finish(shard, records, old)
    finished.catch(() => {}) // until the caller waits for it
    return { finished }
  }

  /**
   * Measures how fast rows are done, with the first rows that are missing. Nothing is written if the store is read-only.
   *
   * @internal
   * @returns rows a second; undefined if no row is missing
   */
  async measure(work: RowWork, most: number, options: ShardOptions): Promise<number | undefined> {
    const { signal, slots } = options
    const [shard] = await this.pending(options.rows)
    if (shard === undefined) return undefined
    const count = Math.min(most, this.rowsOf(shard, options.rows))
    const first = shard * this.manifest.shardRows
    const running: Promise<BatchRecord>[] = []
    const started = performance.now()
    for await (const raw of this.#input.rows(first, count)) {
      await slots.take(signal)
      const found = readRow(raw, this.manifest.task, this.manifest.columns)
      running.push(work.run(found, first + running.length, signal).finally(() => slots.free()))
      running.at(-1)!.catch(() => {}) // reported below
    }
    await Promise.all(running)
    return running.length / ((performance.now() - started) / 1000)
  }

  async #finish(shard: number, running: Promise<BatchRecord>[], old: Part | undefined): Promise<void> {
    const settled = await Promise.allSettled(running)
    const failures = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
    if (failures.length > 0) throw failures.find(({ code }) => code !== 'CLVP_ABORTED') ?? failures[0]
    const records = await Promise.all(running)
    const { task, parts: format } = this.manifest
    const part = { shard, rows: records.length, format }
    await this.store.write(partName(part), encodePart(records, format, task), {
      onlyNew: old?.rows !== part.rows,
    })
    if (old && old.rows < part.rows) await this.store.remove(partName(old))
  }

  async #records(part: Part): Promise<BatchRecord[]> {
    const bytes = await this.store.read(partName(part))
    return bytes ? decodePart(bytes, part) : []
  }

  close(): Promise<void> {
    return this.#input.close()
  }
}

function isSameRow({ id }: BatchRecord, found: ReturnType<typeof readRow>): boolean {
  const own = 'row' in found ? found.row.id : found.id
  return id === own || (id !== null && own !== null && String(id) === String(own))
}

function columnNames(task: BatchTask, columns: Columns): string[] {
  return taskKinds[task].columns.map((name) => columns[name] ?? name)
}
