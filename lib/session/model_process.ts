/** The process that a model runs in with `isolate: true`. */
import { type ChildProcess, fork } from 'node:child_process'
import { ClvpError } from '../base/errors.js'
import { packageFile } from '../base/package_root.js'
import { type FromModel, failed, type Start, type ToModel } from './wire.js'

/** Time that a process gets to end by itself. */
const patienceMs = 2000

export type Started = Extract<FromModel, { kind: 'started' }>

/** One process, from start to end. It keeps this process alive only while it is busy. */
export class ModelProcess {
  readonly started: Promise<Started>
  isReady = false
  onMessage: ((message: FromModel) => void) | undefined
  onEnd: ((error: ClvpError) => void) | undefined
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  #complaint = ''

  constructor(start: Start, onProgress?: (fraction: number) => void) {
    // In a process group of its own, so that Ctrl-C in the terminal reaches only this program, which decides what to do.
    const program = packageFile('dist', 'lib', 'session', 'remote_process.js')
    this.#child = fork(program, [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
      detached: true,
    })
    this.#child.stderr?.on('data', (data) => {
      this.#complaint = (this.#complaint + data).slice(-2000)
    })
    let refuse: (error: Error) => void
    this.started = new Promise((resolve, reject) => {
      refuse = reject
      this.#child.on('message', (message: FromModel) => {
        if (message.kind === 'progress') onProgress?.(message.fraction)
        else if (message.kind === 'unstarted') reject(failed(message.error))
        else if (message.kind === 'started') {
          this.isReady = true
          resolve(message)
        } else this.onMessage?.(message)
      })
    })
    this.started.catch(() => {}) // callers that wait for it get the error
    this.#ended = new Promise((resolve) => {
      const end = (how: string) => {
        const error = this.#lost(how)
        this.isReady = false
        refuse(error)
        this.onEnd?.(error)
        resolve()
      }
      this.#child.once('error', (error) => end(`could not be started or reached (${error.message})`))
      this.#child.once('exit', (code, signal) =>
        end(signal ? `ended by ${signal}` : `ended with status ${code}`),
      )
    })
    this.send({ kind: 'start', start })
  }

  send(message: ToModel): void {
    if (this.#child.connected) this.#child.send(message, () => {}) // a failure is reported when the process ends
  }

  /** Sets whether any call waits for the process. */
  busy(busy: boolean): void {
    const { channel } = this.#child
    const pipe = this.#child.stderr as unknown as { ref(): void; unref(): void } | null
    for (const each of [this.#child, channel, pipe]) busy ? each?.ref() : each?.unref()
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  /** Asks the process to end, and kills it if it does not. */
  async end(): Promise<void> {
    this.send({ kind: 'dispose' })
    const timer = setTimeout(() => this.kill(), patienceMs)
    this.busy(true)
    await this.#ended
    clearTimeout(timer)
  }

  #lost(how: string): ClvpError {
    const said = this.#complaint.trim().split('\n').at(-1)
    return new ClvpError(
      'CLVP_DEVICE',
      `The process that the model runs in ${how}${said ? `: ${said}` : ''}. The next call starts another`,
    )
  }
}
