/** Works on a run in a folder until all of it is done, beside other processes. */
import { setTimeout as sleep } from 'node:timers/promises'
import { abortError } from '../base/errors.js'
import type { Clvp } from '../clvp/clvp.js'
import { Claims } from './claims.js'
import { type BatchRecord, isFailed } from './record.js'
import type { BatchRun } from './run.js'
import type { Slots } from './slots.js'
import { FolderStore } from './store.js'

/** Of `count` processes the `index`-th, from 1: it runs every `count`-th shard. */
export interface Share {
  index: number
  count: number
}

/** Whether a shard belongs to a share; without one all do. */
export function isOf(share: Share | undefined, shard: number): boolean {
  return !share || shard % share.count === share.index - 1
}

export interface WorkOptions {
  signal: AbortSignal
  /** Rows at work together; by default what fills the model's batch. */
  concurrency?: number | undefined
  share?: Share | undefined
  /** Only the first rows of the input. */
  limit?: number | undefined
  /** Runs rows again whose record is an error, beside those that are missing. */
  retryFailed?: boolean
  onProgress?: (progress: WorkProgress) => void
}

export interface WorkProgress {
  /** Rows that this process did. */
  done: number
  /** Rows that were missing when it began. */
  total: number
  /** Rows that this process did whose record is an error. */
  failed: number
}

/** Between two looks at what others do. */
const lookMs = 500
/** Shards whose last rows are at work while the next shard begins. */
const mostUnfinished = 2

/** @returns what this process did */
export async function workOn(run: BatchRun, clvp: Clvp, options: WorkOptions): Promise<WorkProgress> {
  const worker = new Worker(run, clvp, options)
  return worker.work()
}

class Worker {
  readonly #run: BatchRun
  readonly #clvp: Clvp
  readonly #options: WorkOptions
  readonly #rows: number
  readonly #claims: Claims
  readonly #slots: Slots
  readonly #abort = new AbortController()
  readonly #signal: AbortSignal
  readonly #unfinished = new Set<Promise<void>>()
  readonly #retries = new Set<number>()
  readonly #progress: WorkProgress = { done: 0, total: 0, failed: 0 }
  #error: unknown

  constructor(run: BatchRun, clvp: Clvp, options: WorkOptions) {
    const { concurrency, signal, limit = run.rows } = options
    this.#run = run
    this.#clvp = clvp
    this.#options = options
    this.#rows = Math.min(run.rows, limit)
    this.#claims = new Claims(run.store.url)
    this.#slots = run.slots(concurrency)
    this.#signal = AbortSignal.any([signal, this.#abort.signal])
  }

  async work(): Promise<WorkProgress> {
    const { store } = this.#run
    if (store instanceof FolderStore) await store.tidy()
    if (this.#options.retryFailed) for (const shard of await this.#run.failing()) this.#retries.add(shard)
    try {
      for (let isFirst = true; ; isFirst = false) {
        const shards = (await this.#pending()).filter((shard) => isOf(this.#options.share, shard))
        if (shards.length === 0) break
        if (isFirst)
          this.#progress.total = shards.reduce((sum, shard) => sum + this.#run.rowsOf(shard, this.#rows), 0)
        if (!(await this.#pass(shards))) await sleep(lookMs, undefined, { signal: this.#signal })
      }
    } catch (error) {
      this.#error ??= error
      this.#abort.abort()
    }
    await Promise.all(this.#unfinished)
    await this.#claims.close()
    if (this.#options.signal.aborted) throw abortError(this.#options.signal)
    if (this.#error !== undefined) throw this.#error
    return { ...this.#progress }
  }

  async #pending(): Promise<number[]> {
    const missing = await this.#run.pending(this.#rows)
    return [...new Set([...missing, ...this.#retries])].sort((a, b) => a - b)
  }

  /** Runs those shards that no other process has. False if others have all of them. */
  async #pass(shards: readonly number[]): Promise<boolean> {
    const work = this.#run.work(this.#clvp)
    let hasBegun = false
    for (const shard of shards) {
      if (!(await this.#claims.take(shard))) continue
      hasBegun = true
      const isRetry = this.#retries.delete(shard)
      try {
        const { finished } = await this.#run.start(work, shard, {
          signal: this.#signal,
          slots: this.#slots,
          rows: this.#rows,
          isRetry,
          onRow: (record) => this.#count(record),
        })
        this.#follow(shard, finished)
      } catch (error) {
        await this.#claims.release(shard)
        throw error
      }
      while (this.#unfinished.size >= mostUnfinished) await Promise.race(this.#unfinished)
      if (this.#error !== undefined) throw this.#error
    }
    await Promise.all(this.#unfinished)
    if (this.#error !== undefined) throw this.#error
    return hasBegun
  }

  #follow(shard: number, finished: Promise<void>): void {
    const followed = finished
      .catch((error) => {
        this.#error ??= error
        this.#abort.abort()
      })
      .then(() => this.#claims.release(shard))
      .finally(() => this.#unfinished.delete(followed))
    this.#unfinished.add(followed)
  }

  #count(record: BatchRecord): void {
    this.#progress.done++
    if (isFailed(record)) this.#progress.failed++
    this.#options.onProgress?.({ ...this.#progress })
  }
}
