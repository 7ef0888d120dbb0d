/**
 * The core for the rest of lib: loading with an AbortSignal, and sessions whose calls wait in line for each other and
 * stop when their signal says so. Not part of the public surface.
 */
import { abortable } from './abortable.js'
import {
  binding,
  type NativeBeamOptions,
  type NativeCandidate,
  type NativeEncoding,
  type NativeGenerateOptions,
  type NativeInfo,
  type NativeMel,
  type NativeModel,
  type NativeSampling,
  type NativeSession,
  type NativeTimings,
  native,
  type PrefixPositions,
  rewrap,
} from './binding.js'
import { abortError, ClvpError, disposedError } from './errors.js'
import { Queue } from './queue.js'

export interface CoreLoadOptions {
  device?: string
  signal?: AbortSignal | undefined
  onProgress?: ((fraction: number) => void) | undefined
}

export interface CoreGenerateRequest extends Partial<NativeGenerateOptions> {
  textIds: Int32Array
  voice: Float32Array
  signal?: AbortSignal | undefined
  onStep?: ((pairs: Int32Array) => void) | undefined
  onCandidate?: ((candidate: NativeCandidate) => void) | undefined
}

export interface CoreBeamRequest extends Partial<NativeBeamOptions> {
  textIds: Int32Array
  voice: Float32Array
  signal?: AbortSignal | undefined
  onStep?: ((tokens: number) => void) | undefined
}

/** tortoise's sampling, whose transformers pipeline also keeps the 50 likeliest. */
export const defaultSampling: NativeSampling = {
  repetitionPenalty: 2,
  temperature: 0.8,
  topK: 50,
  topP: 0.8,
  minP: 0,
  typicalP: 1,
}

const defaultGenerate: NativeGenerateOptions = {
  candidates: 1,
  first: 0,
  maxTokens: 500,
  batchSize: 16,
  seed: 0,
  deterministic: false,
  prefixPositions: 'transformers',
  sampling: defaultSampling,
}

/** Loads a GGUF file into a device's memory. */
export async function loadModel(path: string, options: CoreLoadOptions = {}): Promise<NativeModel> {
  const { device = 'auto', signal, onProgress } = options
  if (signal?.aborted) throw abortError(signal)
  const flag = new binding.AbortFlag()
  const onAbort = () => flag.abort()
  signal?.addEventListener('abort', onAbort, { once: true })
  const load = () =>
    guard(
      () => flag.abort(),
      (safe) => native(() => binding.loadModel(path, device, flag, safe(onProgress))),
    )
  try {
    return await abortable(signal, load, (model) => model.dispose())
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}

/** transformers' defaults, but for the number of beams. */
const defaultBeams: NativeBeamOptions = {
  beams: 4,
  candidates: 1,
  maxTokens: 500,
  lengthPenalty: 1,
  earlyStopping: false,
  sample: false,
  seed: 0,
  prefixPositions: 'transformers',
  sampling: { ...defaultSampling, repetitionPenalty: 1 },
}

export function createSession(model: NativeModel, options: { threads?: number } = {}): Session {
  return new Session(model, options.threads ?? 0)
}

/** What transformers' processors and warpers leave of logits. */
export function warpLogits(
  logits: Float32Array,
  seen: Int32Array,
  sampling: Partial<NativeSampling>,
): Float32Array {
  try {
    return binding.warpLogits(logits, seen, { ...defaultSampling, ...sampling })
  } catch (error) {
    throw rewrap(error)
  }
}

/** One session of the core. Calls run one at a time, first come, first served. */
export class Session {
  readonly info: NativeInfo
  readonly threads: number
  readonly #model: NativeModel
  readonly #native: NativeSession
  readonly #queue = new Queue()

  constructor(model: NativeModel, threads: number) {
    this.#model = model
    try {
      this.info = model.info()
      this.#native = new binding.Session(model, threads)
    } catch (error) {
      throw rewrap(error)
    }
    this.threads = this.#native.threads()
  }

  mel(samples: Float32Array, signal?: AbortSignal): Promise<NativeMel> {
    return this.#run((session) => session.mel(samples), signal)
  }

  condition(mel: NativeMel, signal?: AbortSignal): Promise<Float32Array> {
    return this.#run((session) => session.condition(mel), signal)
  }

  prefix(textIds: Int32Array, voice: Float32Array): Promise<Float32Array> {
    return this.#run((session) => session.prefix(textIds, voice))
  }

  stepLogits(
    textIds: Int32Array,
    voice: Float32Array,
    codes: Int32Array,
    prefixPositions: PrefixPositions = 'transformers',
  ): Promise<Float32Array> {
    return this.#run((session) => session.stepLogits(textIds, voice, codes, prefixPositions))
  }

  encodeText(ids: Int32Array): Promise<NativeEncoding> {
    return this.#run((session) => session.encodeText(ids))
  }

  encodeSpeech(ids: Int32Array): Promise<NativeEncoding> {
    return this.#run((session) => session.encodeSpeech(ids))
  }

  embedText(textIds: Int32Array, signal?: AbortSignal): Promise<Float32Array> {
    return this.#run((session) => session.embedText(textIds), signal)
  }

  embedSpeech(rows: Int32Array[], signal?: AbortSignal): Promise<Float32Array> {
    return this.#run((session) => session.embedSpeech(rows), signal)
  }

  async score(textIds: Int32Array, rows: Int32Array[], signal?: AbortSignal): Promise<Float32Array> {
    return (await this.scoreTimed(textIds, rows, signal)).scores
  }

  scoreTimed(
    textIds: Int32Array,
    rows: Int32Array[],
    signal?: AbortSignal,
  ): Promise<{ scores: Float32Array; ms: number }> {
    return this.#run((session) => session.score(textIds, rows), signal)
  }

  async generate(request: CoreGenerateRequest): Promise<NativeCandidate[]> {
    return (await this.generateTimed(request)).candidates
  }

  generateTimed(
    request: CoreGenerateRequest,
  ): Promise<{ candidates: NativeCandidate[]; timings: NativeTimings }> {
    const { textIds, voice, signal, onStep, onCandidate, ...rest } = request
    const options = {
      ...defaultGenerate,
      maxTokens: Math.min(defaultGenerate.maxTokens, this.info.maxTokens),
      ...rest,
    }
    return guard(
      () => this.#native.abort(),
      (safe) =>
        this.#run(
          (session) => session.generate(textIds, voice, options, safe(onStep), safe(onCandidate)),
          signal,
        ),
    )
  }

  /** The likeliest rows, best first. */
  searchBeams(request: CoreBeamRequest): Promise<{ candidates: NativeCandidate[]; timings: NativeTimings }> {
    const { textIds, voice, signal, onStep, ...rest } = request
    const options = {
      ...defaultBeams,
      maxTokens: Math.min(defaultGenerate.maxTokens, this.info.maxTokens),
      ...rest,
    }
    return guard(
      () => this.#native.abort(),
      (safe) => this.#run((session) => session.searchBeams(textIds, voice, options, safe(onStep)), signal),
    )
  }

  /** Rows as the speech encoder takes them; see fix_codes in clvp.h. */
  fixCodes(rows: Int32Array[], stopped: boolean[], padTo = 0): Int32Array[] {
    try {
      return binding.fixCodes(this.#model, rows, stopped, padTo)
    } catch (error) {
      throw rewrap(error)
    }
  }

  /** Stops the running call, rejects the waiting ones, and frees the session's memory. */
  async dispose(): Promise<void> {
    const idle = this.#queue.close()
    this.#native.abort()
    await idle
    this.#native.dispose()
  }

  #run<T>(job: (session: NativeSession) => Promise<T>, given?: AbortSignal): Promise<T> {
    // A signal for this call alone: many calls may share the given one, and Node warns of many listeners.
    const signal = given && AbortSignal.any([given])
    return this.#queue.add(async () => {
      // The call starts, and so clears an old abort, before the listener can set a new one.
      const running = native(() => job(this.#native))
      const onAbort = () => this.#native.abort()
      signal?.addEventListener('abort', onAbort, { once: true })
      try {
        return await running
      } catch (error) {
        if (!(error instanceof ClvpError) || error.code !== 'CLVP_ABORTED') throw error
        // dispose() stops the running call as an abort does.
        if (signal?.aborted) throw abortError(signal)
        throw this.#queue.closed ? disposedError() : error
      } finally {
        signal?.removeEventListener('abort', onAbort)
      }
    }, signal)
  }
}

/** Makes a callback that never throws. */
type Safe = <A>(callback: ((value: A) => void) | undefined) => ((value: A) => void) | undefined

/**
 * Runs a call whose callbacks may throw. The addon could tell nobody of that, so the first error stops the call, and the
 * call rejects with it.
 */
async function guard<T>(stop: () => void, call: (safe: Safe) => Promise<T>): Promise<T> {
  let thrown: { error: unknown } | undefined
  const safe: Safe = (callback) =>
    callback &&
    ((value) => {
      if (thrown) return
      try {
        callback(value)
      } catch (error) {
        thrown = { error }
        stop()
      }
    })
  const running = call(safe)
  await running.catch(() => {})
  if (thrown) throw thrown.error
  return running
}
