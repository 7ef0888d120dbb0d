/** Asks the thread that decodes a Parquet file. */
import { Worker } from 'node:worker_threads'
import { ClvpError, type ClvpErrorCode } from '../../base/errors.js'
import { packageFile } from '../../base/package_root.js'

export interface ParquetSource {
  path: string
  mostPageBytes: number
}

/** What the end of a file says of it. */
export interface ParquetFacts {
  /** Names of the columns. */
  columns: string[]
  groups: { rows: number; columns: { name: string; bytes: number; values: number }[] }[]
}

/** Rows of the file by number. */
export interface ParquetQuestion {
  first: number
  rows: number
  columns: readonly string[]
}

export type ParquetAnswer = { value: unknown } | { error: { message: string; code?: ClvpErrorCode } }

/** Most memory of the thread: rows of a group as objects take more than their bytes. */
const mostMegabytes = 2048

/** One question is asked at a time. */
export class ParquetThread {
  readonly #path: string
  readonly #worker: Worker
  #last: Promise<unknown>

  private constructor(source: ParquetSource) {
    this.#path = source.path
    this.#worker = new Worker(packageFile('dist', 'lib', 'batch', 'input', 'parquet_worker.js'), {
      workerData: source,
      resourceLimits: { maxOldGenerationSizeMb: mostMegabytes },
    })
    this.#last = this.#answer()
  }

  /** @throws ClvpError CLVP_INVALID_ARGUMENT for a file that is not Parquet */
  static async open(source: ParquetSource): Promise<{ thread: ParquetThread; facts: ParquetFacts }> {
    const thread = new ParquetThread(source)
    try {
      return { thread, facts: (await thread.#last) as ParquetFacts }
    } catch (error) {
      await thread.close()
      throw error
    }
  }

  async read(question: ParquetQuestion): Promise<Record<string, unknown>[]> {
    const ask = async () => {
      const answer = this.#answer()
      this.#worker.postMessage(question)
      return answer
    }
    this.#last = this.#last.then(ask, ask)
    return this.#last as Promise<Record<string, unknown>[]>
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }

  #answer(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const worker = this.#worker
      worker.ref()
      const settle = (run: () => void) => {
        worker.off('message', onMessage).off('error', onError).off('exit', onExit)
        worker.unref()
        run()
      }
      const onMessage = (answer: ParquetAnswer) =>
        settle(() => ('value' in answer ? resolve(answer.value) : reject(this.#failure(answer.error))))
      const onError = (error: NodeJS.ErrnoException) => {
        const isFull = error.code === 'ERR_WORKER_OUT_OF_MEMORY'
        const message = isFull
          ? 'it takes more memory than there is: write it with smaller row groups'
          : error.message
        settle(() => reject(this.#failure({ message })))
      }
      const onExit = () => settle(() => reject(this.#failure({ message: 'its thread has ended' })))
      worker.on('message', onMessage).on('error', onError).on('exit', onExit)
    })
  }

  #failure({
    message,
    code = 'CLVP_INVALID_ARGUMENT',
  }: {
    message: string
    code?: ClvpErrorCode
  }): ClvpError {
    return new ClvpError(code, `${this.#path} cannot be read as Parquet: ${message}`)
  }
}
