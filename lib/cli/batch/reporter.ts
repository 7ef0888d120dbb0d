/** How a run is getting on, on stderr: a bar on a terminal, otherwise a line from time to time. */
import type { WorkProgress } from '../../batch/worker.js'
import type { Context } from '../command.js'

const lineMs = 10_000

export class Reporter {
  readonly #context: Context
  readonly #started = performance.now()
  #lineAt = this.#started + lineMs

  constructor(context: Context) {
    this.#context = context
  }

  update(progress: WorkProgress): void {
    const { done, total } = progress
    const now = performance.now()
    const note = describeProgress(progress, (now - this.#started) / 1000)
    this.#context.progress('rows', total === 0 ? 1 : Math.min(1, done / total), note)
    if (process.stderr.isTTY || now < this.#lineAt) return
    this.#lineAt = now + lineMs
    process.stderr.write(`clvp: ${note}\n`)
  }
}

function describeProgress({ done, total, failed }: WorkProgress, seconds: number): string {
  const rate = done / Math.max(seconds, 1e-3)
  const left = rate > 0 && total > done ? `, ${describeTime((total - done) / rate)} left` : ''
  const errors = failed > 0 ? `, ${failed} failed` : ''
  return `${done} of ${total} rows, ${rate.toFixed(1)} rows/s${left}${errors}`
}

export function describeTime(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`
  if (seconds < 90 * 60) return `${Math.ceil(seconds / 60)} min`
  return seconds < 48 * 3600 ? `${(seconds / 3600).toFixed(1)} h` : `${(seconds / 86400).toFixed(1)} days`
}
