/** A run of ffmpeg that always ends: by itself, by an abort, or because it makes no progress. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { onAbort } from '../../base/abort.js'
import { abortError, ClvpError, reasonOf } from '../../base/errors.js'

/** Longest wait for ffmpeg to take input or to end, in milliseconds. */
const patience = 60_000
/** Longest wait for the output of a process that has ended: a child of its own may hold the pipe. */
const outputPatience = 1000
const mostOutput = 2 ** 20

export interface FfmpegOptions {
  signal?: AbortSignal | undefined
  /** Milliseconds; default 60,000. */
  patience?: number | undefined
  /** What it prints is read by output(), not returned by finish(). */
  isStreamed?: boolean | undefined
}

export class FfmpegProcess {
  /** Never rejects. */
  readonly ended: Promise<void>
  readonly #child: ChildProcessWithoutNullStreams
  readonly #signal: AbortSignal | undefined
  readonly #patience: number
  readonly #isStreamed: boolean
  readonly #forget: () => void
  /** Why it did not end well. */
  #reason: string | undefined
  #output = ''
  #complaint = ''

  /** @throws ClvpError CLVP_IO if the system refuses to start it */
  constructor(args: readonly string[], { signal, patience: most = patience, isStreamed }: FfmpegOptions) {
    this.#signal = signal
    this.#patience = most
    this.#isStreamed = isStreamed ?? false
    this.#child = start(args)
    this.#child.stdin.on('error', () => {}) // how the process ended says more
    if (!isStreamed) {
      this.#child.stdout.on('data', (data) => {
        this.#output = (this.#output + data).slice(-mostOutput)
      })
    }
    this.#child.stderr.on('data', (data) => {
      this.#complaint = (this.#complaint + data).slice(-2000)
    })
    this.ended = this.#watch()
    this.#forget = signal ? onAbort(signal, () => this.#kill()) : () => {}
  }

  /** Passes bytes on. Waits while ffmpeg is behind. Does nothing if it has ended. */
  async write(bytes: Uint8Array): Promise<void> {
    const { stdin } = this.#child
    if (stdin.destroyed || stdin.write(bytes)) return
    await this.#soon(Promise.race([new Promise((resolve) => stdin.once('drain', resolve)), this.ended]))
  }

  /** What a streamed process prints, to its end; finish() tells how it ended. A process that nobody reads waits. */
  async *output(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for await (const bytes of this.#child.stdout) yield bytes
    } catch {
      // destroyed, since the process was stopped
    }
  }

  /**
   * Ends the input, waits for the end of the process and returns what it printed.
   *
   * @throws ClvpError CLVP_UNSUPPORTED if there is no ffmpeg, CLVP_IO if it failed, CLVP_ABORTED
   */
  async finish(): Promise<string> {
    this.#child.stdin.end()
    await this.#soon(this.ended)
    this.#forget()
    if (this.#signal?.aborted) throw abortError(this.#signal)
    if (this.#reason === undefined) return this.#output
    if (this.#reason.includes('ENOENT')) throw missing()
    const said = this.#complaint.trim().split('\n').at(-1)
    throw failed(`${this.#reason}${said ? `: ${said}` : ''}`)
  }

  async stop(): Promise<void> {
    this.#forget()
    this.#kill()
    await this.ended
  }

  #kill(): void {
    this.#child.kill('SIGKILL')
    if (this.#isStreamed) this.#child.stdout.destroy() // nobody may read it any more
  }

  async #watch(): Promise<void> {
    const child = this.#child
    await new Promise<void>((resolve) => {
      child.once('error', (error) => {
        this.#reason ??= error.message
        resolve()
      })
      child.once('exit', (code, signal) => {
        if (code !== 0) this.#reason ??= signal ? `it was ended by ${signal}` : `it ended with status ${code}`
        const timer = this.#isStreamed ? undefined : setTimeout(resolve, outputPatience)
        child.once('close', () => {
          clearTimeout(timer)
          resolve()
        })
      })
    })
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy()
  }

  /** Waits for something that the end of the process settles too. */
  async #soon(work: Promise<unknown>): Promise<void> {
    const timer = setTimeout(() => {
      this.#reason ??= `it made no progress for ${this.#patience / 1000} s`
      this.#kill()
    }, this.#patience)
    try {
      await work
    } finally {
      clearTimeout(timer)
    }
  }
}

/** The program is called by its name alone, without a shell. */
function start(args: readonly string[]): ChildProcessWithoutNullStreams {
  try {
    return spawn('ffmpeg', args, { stdio: 'pipe', windowsHide: true })
  } catch (error) {
    throw failed(`it could not be started: ${reasonOf(error)}`)
  }
}

function missing(): ClvpError {
  return new ClvpError(
    'CLVP_UNSUPPORTED',
    'Expected the program ffmpeg on the PATH for MP3, Opus and Ogg Vorbis but found none: install it (apt install ffmpeg, brew install ffmpeg, winget install ffmpeg), or save WAV or FLAC',
  )
}

function failed(reason: string): ClvpError {
  return new ClvpError('CLVP_IO', `ffmpeg could not encode the sound: ${reason}`)
}
