/** Runs and models that a worker has open: the next job is mostly of the same run. */
import { type BatchRun, type Clvp, type ClvpLoadOptions, BatchRun as Runs } from 'node-clvp'
import type { ShardJob } from './job.js'
import { closeStore, openStore } from './store.js'

export interface OpenRun {
  run: BatchRun
  clvp: Clvp
}

export class Models {
  readonly #queue: string
  readonly #load: ClvpLoadOptions
  readonly #input: string | undefined
  #open: (OpenRun & { name: string; model: string }) | undefined

  /** @param input where this machine has the input, if not where the manifest says */
  constructor(queue: string, load: ClvpLoadOptions, input: string | undefined) {
    this.#queue = queue
    this.#load = load
    this.#input = input
  }

  async of(job: ShardJob): Promise<OpenRun> {
    const name = JSON.stringify([job.store, job.key, job.rows])
    if (this.#open?.name === name) return this.#open
    const store = openStore(job.store, this.#queue)
    const run = await Runs.attach(store, this.#input).catch(async (error) => {
      await closeStore(store)
      throw error
    })
    const { source, load, settings } = run.manifest
    const model = JSON.stringify([source, load, settings.compat])
    const before = this.#open
    this.#open = undefined
    try {
      if (before) await closeRun(before.run)
      const isSame = before?.model === model
      if (before && !isSame) await before.clvp.dispose()
      const clvp = before && isSame ? before.clvp : await run.loadModel(this.#load)
      this.#open = { name, model, run, clvp }
      return this.#open
    } catch (error) {
      await closeRun(run)
      throw error
    }
  }

  async close(): Promise<void> {
    const open = this.#open
    this.#open = undefined
    if (!open) return
    await closeRun(open.run)
    await open.clvp.dispose()
  }
}

async function closeRun(run: BatchRun): Promise<void> {
  await run.close()
  await closeStore(run.store)
}
