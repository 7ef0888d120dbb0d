/** Sessions run calls on a model, in this process or a separate one. Not part of the public API. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate } from 'node:timers/promises'
import { binding, native, rewrap } from '../addon/binding.js'
import type {
  NativeGenerated,
  NativeHooks,
  NativePositions,
  NativePrompt,
} from '../addon/contract/drawing.js'
import type {
  KvType,
  NativeAbortFlag,
  NativeImportance,
  NativeInfo,
  NativeModel,
  NativeProgress,
  NativeSession,
} from '../addon/contract/session.js'
import type { NativeAudio, NativeMel } from '../addon/contract/sound.js'
import type {
  NativeDecoderForward,
  NativeDecoderOutput,
  NativeEncoderOutput,
  NativeForward,
  NativeRows,
  NativeSimilarity,
} from '../addon/contract/towers.js'
import { type CoreLoadOptions, nativeOptions } from '../addon/jobs.js'
import { withAbort } from '../base/abort.js'
import { ClvpError, disposedError } from '../base/errors.js'
import { guard, once } from '../base/hook_guard.js'
import { type Engine, localEngine } from './engine.js'
import { defaultMaxCalls, Gate } from './gate.js'
import { PartEngine } from './part_engine.js'
import { RemoteEngine } from './remote.js'
import {
  type CoreBeamRequest,
  type CoreGenerateRequest,
  defaultBeams,
  defaultDraw,
  defaultGenerate,
  nativeHooks,
} from './requests.js'

/** How a session computes, and how many calls it accepts at the same time. */
export interface SessionOptions {
  threads?: number
  kvType?: KvType
  maxCalls?: number
}

/** What a caller may follow a call with. */
export interface Followed {
  signal?: AbortSignal | undefined
  onProgress?: ((fraction: number) => void) | undefined
}

/** One call for as long as its caller likes: the steps of a generator, which runs when it is asked. */
export interface HeldCall {
  /** Runs a step of the call. */
  run<T>(step: () => T): T
  end(): void
}

/** A session on a model in this process. The session owns the model from now on. */
export function createSession(model: NativeModel, options: SessionOptions = {}): Session {
  const { threads = 0, kvType = 'auto', maxCalls } = options
  try {
    return new Session(localEngine(model, threads, kvType), maxCalls)
  } catch (error) {
    throw rewrap(error)
  }
}

/** A session on a model in a separate process. */
export async function isolatedSession(
  file: string,
  load: CoreLoadOptions,
  { threads = 0, kvType = 'auto', maxCalls }: SessionOptions = {},
): Promise<Session> {
  const start = { file, load: nativeOptions(load), threads, kvType }
  return new Session(await RemoteEngine.start(start, load), maxCalls)
}

/** A session on a model whose parts are loaded when calls need them. */
export async function partSession(
  file: string,
  load: CoreLoadOptions,
  { threads = 0, kvType = 'auto', maxCalls }: SessionOptions = {},
): Promise<Session> {
  return new Session(await PartEngine.open(file, load, threads, kvType), maxCalls)
}

/** Runs calls on a model, side by side. Each call fails, is aborted and settles by itself. */
export class Session {
  readonly info: NativeInfo
  readonly threads: number
  /** Keys and values of the model file. */
  readonly values: Engine['values']
  readonly #engine: Engine
  readonly #native: NativeSession
  readonly #gate: Gate
  /** Unsettled calls of the core: an aborted call may run for a moment after its promise has rejected. */
  readonly #running = new Set<Promise<unknown>>()
  #closed = false

  constructor(engine: Engine, maxCalls: number = defaultMaxCalls) {
    this.#gate = new Gate(maxCalls)
    this.info = engine.info
    this.threads = engine.threads
    this.values = engine.values
    this.#engine = engine
    this.#native = engine.session
  }

  get swapsParts(): boolean {
    return this.#engine.swapsParts
  }

  /** Makes several steps one call: they count once, and none is refused with CLVP_BUSY after the first was admitted. */
  call<T>(steps: () => Promise<T>): Promise<T> {
    return this.#gate.admit(steps)
  }

  /** A call whose steps are run by others, until it is ended: see {@link HeldCall}. */
  hold(): Promise<HeldCall> {
    return new Promise((resolve, reject) => {
      const held = () => new Promise<void>((end) => resolve({ run: AsyncLocalStorage.snapshot(), end }))
      this.call(held).catch(reject)
    })
  }

  mel(samples: Float32Array, signal?: AbortSignal): Promise<NativeMel> {
    return this.#run(() => this.#native.mel(samples), signal)
  }

  condition(mel: NativeMel, signal?: AbortSignal): Promise<Float32Array> {
    return this.#run((flag) => this.#native.condition(mel, flag), signal)
  }

  /** See NativeSession. */
  conditioning(voices: Float32Array, text: NativeRows, signal?: AbortSignal): Promise<Float32Array> {
    return this.#run((flag) => this.#native.conditioning(voices, text, flag), signal)
  }

  stepLogits(
    textIds: Int32Array,
    voice: Float32Array,
    codes: Int32Array,
    positions: NativePositions = 'model',
    signal?: AbortSignal,
  ): Promise<Float32Array> {
    return this.#run((flag) => this.#native.stepLogits(textIds, voice, codes, positions, flag), signal)
  }

  latents(
    prompt: NativePrompt,
    codes: Int32Array,
    positions: NativePositions = 'model',
    signal?: AbortSignal,
  ): Promise<Float32Array> {
    return this.#run((flag) => this.#native.latents(prompt, codes, positions, flag), signal)
  }

  encode(tower: 'text' | 'speech', input: NativeForward, signal?: AbortSignal): Promise<NativeEncoderOutput> {
    return this.#run((flag) => this.#native.encode(tower, input, flag), signal)
  }

  decode(input: NativeDecoderForward, signal?: AbortSignal): Promise<NativeDecoderOutput> {
    return this.#run((flag) => this.#native.decode(input, flag), signal)
  }

  embedText(textIds: Int32Array, signal?: AbortSignal): Promise<Float32Array> {
    return this.#run((flag) => this.#native.embedText(textIds, flag), signal)
  }

  embedSpeech(rows: Int32Array[], signal?: AbortSignal): Promise<Float32Array> {
    return this.#run((flag) => this.#native.embedSpeech(rows, flag), signal)
  }

  async score(textIds: Int32Array, rows: Int32Array[], signal?: AbortSignal): Promise<Float32Array> {
    return (await this.scoreTimed(textIds, undefined, rows, signal)).scores
  }

  /** Scores rows against a text, whose embedding may be `known`. Returns the embedding and the milliseconds too. */
  scoreTimed(
    textIds: Int32Array,
    known: Float32Array | undefined,
    rows: Int32Array[],
    signal?: AbortSignal,
  ): Promise<{ text: Float32Array; scores: Float32Array; ms: number }> {
    return this.call(async () => {
      const started = performance.now()
      const { text, scores } = known
        ? this.similarity(known, await this.embedSpeech(rows, signal))
        : await this.#run((flag) => this.#native.score(textIds, rows, flag), signal)
      return { text, scores, ms: performance.now() - started }
    })
  }

  encodeAudio(samples: Float32Array, signal?: AbortSignal): Promise<Int32Array> {
    return this.#run((flag) => this.#native.encodeAudio(samples, flag), signal)
  }

  /** Runs a call of the core that reports progress; the first error of `onProgress` ends it. */
  follow<T>(
    job: (native: NativeSession, flag: NativeAbortFlag, hooks: NativeProgress) => Promise<T>,
    { signal, onProgress }: Followed = {},
  ): Promise<T> {
    return this.#run(
      (flag) =>
        guard(
          () => flag.abort(),
          (fail) => job(this.#native, flag, onProgress ? { onProgress: once(onProgress, fail) } : {}),
        ),
      signal,
    )
  }

  /** The spectrogram of a clip at 24 kHz that the diffusion model makes its voice of. */
  speechMel(samples: Float32Array, signal?: AbortSignal): Promise<NativeMel> {
    return this.#run(() => this.#native.speechMel(samples), signal)
  }

  codesToMel(codes: Int32Array, signal?: AbortSignal): Promise<NativeMel> {
    return this.#run(() => this.#native.codesToMel(codes), signal)
  }

  preview(codes: Int32Array, iterations: number, signal?: AbortSignal): Promise<NativeAudio> {
    return this.#run((flag) => this.#native.preview(codes, iterations, flag), signal)
  }

  /** true sums up the inputs of the weight matrices from now on; false stops this. */
  collectImportance(on: boolean, signal?: AbortSignal): Promise<void> {
    return this.#run(() => this.#native.collectImportance(on), signal)
  }

  importance(signal?: AbortSignal): Promise<NativeImportance[]> {
    return this.#run(() => this.#native.importance(), signal)
  }

  /** Requests that are under way at the same time share a batch where the device allows it. */
  generate(request: CoreGenerateRequest): Promise<NativeGenerated> {
    const { prompt } = request
    const options = { ...defaultGenerate, maxTokens: this.#defaultTokens, ...request }
    return this.#draw(request, (abort, hooks) => this.#native.generate({ prompt, options, hooks, abort }))
  }

  /** The likeliest rows, best first. */
  searchBeams(request: CoreBeamRequest): Promise<NativeGenerated> {
    const options = { ...defaultBeams, maxTokens: this.#defaultTokens, ...request }
    return this.#draw(request, (abort, hooks) =>
      this.#native.searchBeams(request.prompt, options, hooks, abort),
    )
  }

  /** Draws with the caller's functions. Their first error stops the call. */
  #draw(
    request: CoreGenerateRequest | CoreBeamRequest,
    draw: (flag: NativeAbortFlag, hooks: NativeHooks) => Promise<NativeGenerated>,
  ): Promise<NativeGenerated> {
    const run = async (flag: NativeAbortFlag) => {
      // Calls made in one turn of the event loop begin together, once JavaScript no longer competes for the cores.
      await setImmediate()
      return guard(
        () => flag.abort(),
        (fail) => draw(flag, nativeHooks(request, fail)),
      )
    }
    return this.#run(run, request.signal)
  }

  get #defaultTokens(): number {
    return Math.min(defaultDraw.maxTokens, this.info.maxTokens)
  }

  /** Normalises embeddings [n, projection] to unit length, and scores all pairs. */
  similarity(text: Float32Array, speech: Float32Array): NativeSimilarity {
    try {
      return binding.similarity(this.info, text, speech)
    } catch (error) {
      throw rewrap(error)
    }
  }

  /** Rows as the speech encoder takes them; see fix_codes in clvp.h. */
  fixCodes(rows: Int32Array[], stopped: boolean[], padTo = 0): Int32Array[] {
    try {
      return binding.fixCodes(this.info, rows, stopped, padTo)
    } catch (error) {
      throw rewrap(error)
    }
  }

  /** Ends all calls, and frees the memory of the session and its model. */
  async dispose(): Promise<void> {
    this.#closed = true
    this.#native.close()
    await Promise.allSettled(this.#running)
    await this.#engine.dispose()
  }

  #run<T>(job: (flag: NativeAbortFlag) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.call(async () => {
      if (this.#closed) throw disposedError()
      const flag = this.#engine.newFlag()
      const run = () => this.#track(native(() => job(flag)))
      try {
        return await withAbort(signal, () => flag.abort(), run)
      } catch (error) {
        const isDisposed = error instanceof ClvpError && error.code === 'CLVP_DISPOSED'
        throw isDisposed && !signal?.aborted ? disposedError() : error
      }
    })
  }

  #track<T>(running: Promise<T>): Promise<T> {
    this.#running.add(running)
    const forget = () => void this.#running.delete(running)
    running.then(forget, forget)
    return running
  }
}
