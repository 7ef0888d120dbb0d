/**
 * `isolate: true`: the model runs in a separate process. That process may crash, be killed or run out of memory without
 * ending this one. Its pending calls then reject with CLVP_DEVICE, and the next call starts another process.
 */
import type { NativeHooks, NativeRequest } from '../addon/contract/drawing.js'
import type { NativeHeld } from '../addon/contract/files.js'
import type { NativeAbortFlag, NativeInfo, NativeSession } from '../addon/contract/session.js'
import type { NativeDecoderOutput } from '../addon/contract/towers.js'
import { onAbort } from '../base/abort.js'
import { abortError, ClvpError, disposedError } from '../base/errors.js'
import type { Engine } from './engine.js'
import { ModelProcess, type Started } from './model_process.js'
import {
  type FlagPlace,
  type FromModel,
  failed,
  type HookName,
  type Method,
  packed,
  type Start,
  type ToModel,
} from './wire.js'

/** A call that has not settled. */
interface Pending {
  resolve(value: never): void
  reject(error: unknown): void
  message(): ToModel
  hooks: NativeHooks
  /** Once aborted, the call is no longer sent. */
  flag: RemoteFlag | undefined
  sent: boolean
}

/** The flag of one request in the model's process. */
class RemoteFlag implements NativeAbortFlag {
  static #next = 0
  readonly id = RemoteFlag.#next++
  aborted = false
  readonly #tell: (message: ToModel) => void

  constructor(tell: (message: ToModel) => void) {
    this.#tell = tell
  }

  abort(): void {
    this.aborted = true
    this.#tell({ kind: 'cancel', flag: this.id })
  }
}

/** The flag of a call: an argument by itself, or a part of the request. */
function flagOf(value: unknown): RemoteFlag | undefined {
  if (value instanceof RemoteFlag) return value
  const { abort } = (value ?? {}) as { abort?: unknown }
  return abort instanceof RemoteFlag ? abort : undefined
}

const place = (value: object): FlagPlace | undefined =>
  value instanceof RemoteFlag ? { flag: value.id, aborted: value.aborted } : undefined

export class RemoteEngine implements Engine {
  readonly info: NativeInfo
  readonly threads: number
  readonly values: Record<string, NativeHeld>
  readonly session: NativeSession
  readonly swapsParts = false
  readonly #start: Start
  readonly #pending = new Map<number, Pending>()
  #child: ModelProcess | undefined
  #nextId = 0
  #closed = false

  /** Starts the first process. */
  static async start(
    start: Start,
    {
      signal,
      onProgress,
    }: { signal?: AbortSignal | undefined; onProgress?: ((fraction: number) => void) | undefined },
  ): Promise<RemoteEngine> {
    if (signal?.aborted) throw abortError(signal)
    const child = new ModelProcess(start, onProgress)
    const forget = signal && onAbort(signal, () => child.kill())
    try {
      return new RemoteEngine(start, child, await child.started)
    } catch (error) {
      throw signal?.aborted ? abortError(signal) : error
    } finally {
      forget?.()
    }
  }

  private constructor(start: Start, child: ModelProcess, { info, values, threads }: Started) {
    this.#start = start
    this.info = info
    this.values = values
    this.threads = threads
    this.#adopt(child)
    child.busy(false)
    this.session = this.#makeSession()
  }

  newFlag(): NativeAbortFlag {
    return new RemoteFlag((message) => this.#child?.send(message))
  }

  async dispose(): Promise<void> {
    await this.#child?.end()
  }

  #makeSession(): NativeSession {
    const ask =
      (method: Method) =>
      (...args: unknown[]) =>
        this.#call<Promise<never>>(method, args)
    return {
      mel: ask('mel'),
      condition: ask('condition'),
      generate: ({ hooks, ...bare }: NativeRequest) => this.#call('generate', [bare], hooks),
      searchBeams: (prompt, options, hooks, abort) =>
        this.#call('searchBeams', [prompt, options, {}, abort], hooks),
      conditioning: ask('conditioning'),
      stepLogits: ask('stepLogits'),
      latents: ask('latents'),
      encode: ask('encode'),
      decode: async (input, abort) => {
        if (input.past || input.keep) {
          throw new ClvpError(
            'CLVP_UNSUPPORTED',
            'Expected no pastKeyValues with isolate: they stay in the process that made them. Leave isolate or useCache out',
          )
        }
        return this.#call<Promise<NativeDecoderOutput>>('decode', [input, abort])
      },
      embedText: ask('embedText'),
      embedSpeech: ask('embedSpeech'),
      score: ask('score'),
      encodeAudio: ask('encodeAudio'),
      encodeMel: ask('encodeMel'),
      codesToMel: ask('codesToMel'),
      preview: ask('preview'),
      speechMel: ask('speechMel'),
      conditionSpeech: ask('conditionSpeech'),
      diffusionPass: ask('diffusionPass'),
      diffuse: (request, abort, hooks) => this.#call('diffuse', [request, abort, {}], hooks),
      vocode: (request, abort, hooks) => this.#call('vocode', [request, abort, {}], hooks),
      hifigan: (request, abort, hooks) => this.#call('hifigan', [request, abort, {}], hooks),
      hifiganParts: ask('hifiganParts'),
      randomVoice: ask('randomVoice'),
      collectImportance: ask('collectImportance'),
      importance: ask('importance'),
      close: () => this.#close(),
      dispose: () => {}, // the memory is freed with the process
      threads: () => this.threads,
    }
  }

  #close(): void {
    this.#closed = true
    for (const [id, { sent }] of this.#pending) if (!sent) this.#settle(id)?.reject(disposedError())
    this.#child?.send({ kind: 'close' })
  }

  #call<P extends Promise<unknown>>(method: Method, args: unknown[], hooks: NativeHooks = {}): P {
    const id = this.#nextId++
    const message = (): ToModel => ({
      kind: 'call',
      id,
      method,
      args: packed(args, place) as unknown[],
      hooks: (Object.keys(hooks) as HookName[]).filter((name) => hooks[name]),
    })
    return new Promise<never>((resolve, reject) => {
      if (this.#closed) throw disposedError()
      const flag = args.flat().map(flagOf).find(Boolean)
      this.#pending.set(id, { resolve, reject, message, hooks, flag, sent: false })
      const child = this.#child ?? this.#adopt(new ModelProcess(this.#start))
      child.busy(true)
      if (child.isReady) this.#deliver(id, child)
      else
        child.started.then(
          (started) => this.#resume(id, child, started),
          (error) => this.#settle(id)?.reject(error),
        )
    }) as unknown as P
  }

  /** Sends a call to a restarted process, unless the model file has been replaced by another model meanwhile. */
  #resume(id: number, child: ModelProcess, { info }: Started): void {
    const same = JSON.stringify({ ...info, device: '' }) === JSON.stringify({ ...this.info, device: '' })
    if (same) {
      this.#deliver(id, child)
      return
    }
    child.kill()
    this.#settle(id)?.reject(
      new ClvpError(
        'CLVP_MODEL_FORMAT',
        `Expected ${this.#start.file} to hold the model that was loaded but it holds another one now: load it again`,
      ),
    )
  }

  #deliver(id: number, child: ModelProcess): void {
    const entry = this.#pending.get(id)
    if (!entry) return
    if (entry.flag?.aborted) {
      this.#settle(id)?.reject(new ClvpError('CLVP_ABORTED', 'The operation was aborted'))
      return
    }
    entry.sent = true
    try {
      child.send(entry.message())
    } catch (error) {
      this.#settle(id)?.reject(error)
    }
  }

  #settle(id: number): Pending | undefined {
    const entry = this.#pending.get(id)
    this.#pending.delete(id)
    if (this.#pending.size === 0) this.#child?.busy(false)
    return entry
  }

  #adopt(child: ModelProcess): ModelProcess {
    this.#child = child
    child.onMessage = (message) => this.#receive(message, child)
    child.onEnd = (error) => {
      if (this.#child === child) this.#child = undefined
      for (const [id, { sent }] of this.#pending) if (sent) this.#settle(id)?.reject(error)
    }
    return child
  }

  #receive(message: FromModel, child: ModelProcess): void {
    if (message.kind === 'value') this.#settle(message.id)?.resolve(message.value as never)
    if (message.kind === 'error') this.#settle(message.id)?.reject(failed(message.error))
    if (message.kind === 'hook') {
      const hook = this.#pending.get(message.id)?.hooks[message.hook] as
        | ((...args: unknown[]) => void)
        | undefined
      const reply = (value?: unknown) => child.send({ kind: 'reply', reply: message.reply, value })
      hook ? hook(...message.args, reply) : reply()
    }
  }
}
