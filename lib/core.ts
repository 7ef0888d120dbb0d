/**
 * The core for the rest of lib: loading with an AbortSignal, and sessions whose calls wait in line for each other and
 * stop when their signal says so. Not part of the public surface.
 */
import { abortable } from './abortable.js'
import { backends } from './addon.js'
import { backendPackageName, isBackend } from './backends.js'
import {
  binding,
  type KvType,
  type NativeAbortFlag,
  type NativeAudio,
  type NativeBeamOptions,
  type NativeCandidate,
  type NativeDecoderForward,
  type NativeDecoderOutput,
  type NativeEncoderOutput,
  type NativeForward,
  type NativeGenerated,
  type NativeGenerateOptions,
  type NativeHooks,
  type NativeImportance,
  type NativeInfo,
  type NativeLimits,
  type NativeLoadOptions,
  type NativeMel,
  type NativeModel,
  type NativePrompt,
  type NativeRecording,
  type NativeRows,
  type NativeSampling,
  type NativeSession,
  type NativeSimilarity,
  type NativeStepRows,
  type NativeTensorDifference,
  type NativeVerification,
  native,
  type PrefixPositions,
  rewrap,
} from './binding.js'
import { type Engine, localEngine } from './engine.js'
import { abortError, ClvpError, disposedError } from './errors.js'
import { freeMemory } from './free_memory.js'
import { defaultMaxCalls, Gate } from './gate.js'
import { allParts, type Part } from './parts.js'
import { Queue } from './queue.js'
import { RemoteEngine } from './remote.js'
import { defaultSampling } from './sampling.js'
import { Together } from './together.js'

export interface CoreLoadOptions {
  device?: string
  /** The parts to load; both unless given. */
  parts?: readonly Part[]
  mmap?: boolean
  /** Of the weights, in bytes: more are refused before they are read. */
  maxMemory?: number | undefined
  signal?: AbortSignal | undefined
  onProgress?: ((fraction: number) => void) | undefined
}

/** A hook may throw or reject: the call then stops and rejects with that error. */
export interface CoreHooks {
  onStep?: ((pairs: Int32Array) => void) | undefined
  onCandidate?: ((candidate: NativeCandidate) => void) | undefined
  /** New scores [rows, vocab], or nothing to leave them. */
  process?: ((rows: NativeStepRows, scores: Float32Array) => Awaitable<Float32Array | undefined>) | undefined
  /** 1 for each row that ends. */
  stop?: ((rows: NativeStepRows) => Awaitable<Int32Array | undefined>) | undefined
}

export interface CoreGenerateRequest extends Partial<NativeGenerateOptions>, CoreHooks {
  prompt: NativePrompt
  signal?: AbortSignal | undefined
  /** Shares its batch with no other call: default false. */
  alone?: boolean | undefined
}

export interface CoreBeamRequest extends Partial<NativeBeamOptions>, CoreHooks {
  prompt: NativePrompt
  signal?: AbortSignal | undefined
}

type Awaitable<T> = T | Promise<T>

export const noLimits: NativeLimits = {
  noRepeatNgram: 0,
  badWords: [],
  suppress: new Int32Array(),
  minTokens: 0,
  rankable: true,
}

const noRecording: NativeRecording = { scores: false, logits: false, hiddenStates: false, attentions: false }

const defaultDraw = {
  maxTokens: 500,
  stops: new Int32Array(),
  seed: 0,
  prefixPositions: 'transformers',
  limits: noLimits,
  record: noRecording,
} as const

const defaultGenerate: NativeGenerateOptions = {
  ...defaultDraw,
  candidates: 1,
  first: 0,
  batchSize: 16,
  deterministic: false,
  sampling: defaultSampling,
}

/** Runs a job of the loader with a flag that a signal sets. What it gives after an abort is handed to `discard`. */
async function loading<T>(
  { signal, onProgress }: Pick<CoreLoadOptions, 'signal' | 'onProgress'>,
  start: (flag: NativeAbortFlag, onProgress: CoreLoadOptions['onProgress']) => Promise<T>,
  discard?: (value: T) => void,
): Promise<T> {
  if (signal?.aborted) throw abortError(signal)
  const flag = new binding.AbortFlag()
  const onAbort = () => flag.abort()
  signal?.addEventListener('abort', onAbort, { once: true })
  const run = () =>
    guard(
      () => flag.abort(),
      (fail) => native(() => start(flag, onProgress && once(onProgress, fail))),
    )
  try {
    return await abortable(signal, run, discard)
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}

function nativeOptions({
  device = 'auto',
  parts = allParts,
  mmap = false,
  maxMemory = 0,
}: CoreLoadOptions): NativeLoadOptions {
  return {
    device,
    decoder: parts.includes('decoder'),
    ranker: parts.includes('ranker'),
    mmap,
    memoryAvailable: freeMemory() ?? 0,
    maxMemory,
  }
}

/** Loads a GGUF file into a device's memory. */
export function loadModel(path: string, options: CoreLoadOptions = {}): Promise<NativeModel> {
  const wanted = nativeOptions(options)
  const start = (flag: NativeAbortFlag, onProgress: CoreLoadOptions['onProgress']) =>
    binding.loadModel(path, wanted, flag, onProgress)
  return loading(options, start, (model) => model.dispose()).catch((error) => {
    throw withReason(error, wanted.device)
  })
}

/** Of a device that is not there, why its backend is not. */
function withReason(error: unknown, device: string): unknown {
  const backend = device.toLowerCase().split(':')[0]!
  if (!(error instanceof ClvpError) || error.code !== 'CLVP_DEVICE' || !isBackend(backend)) return error
  if (binding.devices().some(({ name }) => name.toLowerCase().startsWith(backend))) return error
  const installed = backends.find((each) => each.backend === backend)
  const reason = installed ? installed.problem : missing(backend)
  return reason ? new ClvpError('CLVP_DEVICE', `${error.message}. ${reason}`, { cause: error }) : error
}

function missing(backend: string): string | undefined {
  const name = backendPackageName(backend)
  return name && `The package ${name}, of this one's version, has that backend`
}

/** Reads a GGUF file from front to end and says what is wrong with it. */
export function scanModel(
  path: string,
  options: Pick<CoreLoadOptions, 'signal' | 'onProgress'> & { threads: number },
): Promise<NativeVerification> {
  return loading(options, (flag, onProgress) => binding.verify(path, options.threads, flag, onProgress))
}

/** Compares the tensors that two GGUF files share by name, in the order of `a`. */
export function compareTensors(
  a: string,
  b: string,
  options: Pick<CoreLoadOptions, 'signal' | 'onProgress'> = {},
): Promise<NativeTensorDifference[]> {
  return loading(options, (flag, onProgress) => binding.compareTensors(a, b, flag, onProgress))
}

/** transformers' defaults, but for the number of beams. */
const defaultBeams: NativeBeamOptions = {
  ...defaultDraw,
  beams: 4,
  candidates: 1,
  lengthPenalty: 1,
  earlyStopping: false,
  sample: false,
  sampling: { ...defaultSampling, repetitionPenalty: 1 },
}

/** How a session computes, and how many calls it takes at a time. */
export interface SessionOptions {
  threads?: number
  kvType?: KvType
  maxCalls?: number
}

/** On a model in this process, which is the session's from now on. */
export function createSession(model: NativeModel, options: SessionOptions = {}): Session {
  const { threads = 0, kvType = 'auto', maxCalls } = options
  try {
    return new Session(localEngine(model, threads, kvType), maxCalls)
  } catch (error) {
    throw rewrap(error)
  }
}

/** On a model in a process of its own. */
export async function isolatedSession(
  file: string,
  load: CoreLoadOptions,
  { threads = 0, kvType = 'auto', maxCalls }: SessionOptions = {},
): Promise<Session> {
  const start = { file, load: nativeOptions(load), threads, kvType }
  return new Session(await RemoteEngine.start(start, load), maxCalls)
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
  /** What the model file says. */
  readonly values: Engine['values']
  readonly #engine: Engine
  readonly #native: NativeSession
  readonly #gate: Gate
  readonly #queue = new Queue()
  readonly #together: Together

  constructor(engine: Engine, maxCalls: number = defaultMaxCalls) {
    this.#gate = new Gate(maxCalls)
    this.info = engine.info
    this.threads = engine.threads
    this.values = engine.values
    this.#engine = engine
    this.#native = engine.session
    this.#together = new Together(this.#queue, {
      draw: (requests) => native(() => this.#native.generate(requests)),
      stop: () => this.#native.abort(),
      rewrap,
      newFlag: () => engine.newFlag(),
    })
  }

  /** Makes one call of several steps: they are counted as one, and none is refused with CLVP_BUSY once the first was admitted. */
  call<T>(steps: () => Promise<T>): Promise<T> {
    return this.#gate.admit(steps)
  }

  mel(samples: Float32Array, signal?: AbortSignal): Promise<NativeMel> {
    return this.#run((session) => session.mel(samples), signal)
  }

  condition(mel: NativeMel, signal?: AbortSignal): Promise<Float32Array> {
    return this.#run((session) => session.condition(mel), signal)
  }

  /** See NativeSession. */
  conditioning(voices: Float32Array, text: NativeRows, signal?: AbortSignal): Promise<Float32Array> {
    return this.#run((session) => session.conditioning(voices, text), signal)
  }

  stepLogits(
    textIds: Int32Array,
    voice: Float32Array,
    codes: Int32Array,
    prefixPositions: PrefixPositions = 'transformers',
    signal?: AbortSignal,
  ): Promise<Float32Array> {
    return this.#run((session) => session.stepLogits(textIds, voice, codes, prefixPositions), signal)
  }

  encode(tower: 'text' | 'speech', input: NativeForward, signal?: AbortSignal): Promise<NativeEncoderOutput> {
    return this.#run((session) => session.encode(tower, input), signal)
  }

  decode(input: NativeDecoderForward, signal?: AbortSignal): Promise<NativeDecoderOutput> {
    return this.#run((session) => session.decode(input), signal)
  }

  embedText(textIds: Int32Array, signal?: AbortSignal): Promise<Float32Array> {
    return this.#run((session) => session.embedText(textIds), signal)
  }

  embedSpeech(rows: Int32Array[], signal?: AbortSignal): Promise<Float32Array> {
    return this.#run((session) => session.embedSpeech(rows), signal)
  }

  async score(textIds: Int32Array, rows: Int32Array[], signal?: AbortSignal): Promise<Float32Array> {
    return (await this.scoreTimed(textIds, undefined, rows, signal)).scores
  }

  /** Scores rows against a text, whose embedding may be `known`; gives that too, and the milliseconds of the work. */
  scoreTimed(
    textIds: Int32Array,
    known: Float32Array | undefined,
    rows: Int32Array[],
    signal?: AbortSignal,
  ): Promise<{ text: Float32Array; scores: Float32Array; ms: number }> {
    return this.#run(async (session) => {
      const started = performance.now()
      const text = known ?? (await session.embedText(textIds))
      // An abort between two native calls would be forgotten by the second.
      if (signal?.aborted || this.#queue.closed)
        throw new ClvpError('CLVP_ABORTED', 'The operation was aborted')
      const speech = await session.embedSpeech(rows)
      const { scores } = binding.similarity(this.info, text, speech)
      return { text, scores, ms: performance.now() - started }
    }, signal)
  }

  codesToMel(codes: Int32Array, signal?: AbortSignal): Promise<NativeMel> {
    return this.#run((session) => session.codesToMel(codes), signal)
  }

  preview(codes: Int32Array, iterations: number, signal?: AbortSignal): Promise<NativeAudio> {
    return this.#run((session) => session.preview(codes, iterations), signal)
  }

  /** Sums up what enters the weight matrices from now on; false stops that. */
  collectImportance(on: boolean, signal?: AbortSignal): Promise<void> {
    return this.#run((session) => session.collectImportance(on), signal)
  }

  importance(signal?: AbortSignal): Promise<NativeImportance[]> {
    return this.#run((session) => session.importance(), signal)
  }

  /** Requests that wait together are drawn together. */
  generate(request: CoreGenerateRequest): Promise<NativeGenerated> {
    const options = { ...defaultGenerate, maxTokens: this.#defaultTokens, ...request }
    if (this.#queue.closed) return Promise.reject(disposedError())
    return this.call(() =>
      this.#together.add({ prompt: request.prompt, options }, (fail) => nativeHooks(request, fail), request),
    )
  }

  /** The likeliest rows, best first. */
  searchBeams(request: CoreBeamRequest): Promise<NativeGenerated> {
    const options = { ...defaultBeams, maxTokens: this.#defaultTokens, ...request }
    return guard(
      () => this.#native.abort(),
      (fail) =>
        this.#run(
          (session) => session.searchBeams(request.prompt, options, nativeHooks(request, fail)),
          request.signal,
        ),
    )
  }

  get #defaultTokens(): number {
    return Math.min(defaultDraw.maxTokens, this.info.maxTokens)
  }

  /** Embeddings [n, projection] to unit length, and the scores of all pairs. */
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

  /** Stops the running call, rejects the waiting ones, and frees the memory of the session and its model. */
  async dispose(): Promise<void> {
    const idle = this.#queue.close()
    this.#native.abort()
    await idle
    await this.#engine.dispose()
  }

  #run<T>(job: (session: NativeSession) => Promise<T>, given?: AbortSignal): Promise<T> {
    // A signal for this call alone: many calls may share the given one, and Node warns of many listeners.
    const signal = given && AbortSignal.any([given])
    return this.call(() =>
      this.#queue.add(async () => {
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
      }, signal),
    )
  }
}

/** A caller's hooks, which may throw, as the core may call them: it could tell nobody of that, so `fail` is told the first error. */
function nativeHooks(
  { onStep, onCandidate, process, stop }: CoreHooks,
  fail: (error: unknown) => void,
): NativeHooks {
  let failed = false
  const caught = (error: unknown) => {
    failed = true
    fail(error)
  }
  const safe = <A>(callback: ((value: A) => void) | undefined) =>
    callback && quiet(callback, () => failed, caught)
  /** Gives a reply when an answer is there; after an error it comes without one. */
  const answer = async <T>(ask: () => Awaitable<T | undefined>, reply: (value?: T) => void) => {
    try {
      reply(failed ? undefined : await ask())
    } catch (error) {
      caught(error)
      reply()
    }
  }
  return {
    onStep: safe(onStep),
    onCandidate: safe(onCandidate),
    process: process && ((rows, scores, reply) => answer(() => process(rows, scores), reply)),
    stop: stop && ((rows, reply) => answer(() => stop(rows), reply)),
  }
}

/** A callback that never throws: after its first error, which `fail` is told, it is not called any more. */
function once<A>(callback: (value: A) => void, fail: (error: unknown) => void): (value: A) => void {
  let failed = false
  const caught = (error: unknown) => {
    failed = true
    fail(error)
  }
  return quiet(callback, () => failed, caught)
}

/** A callback that never throws, and is not called any more once something has failed. */
function quiet<A>(callback: (value: A) => void, failed: () => boolean, caught: (error: unknown) => void) {
  return (value: A) => {
    if (failed()) return
    try {
      callback(value)
    } catch (error) {
      caught(error)
    }
  }
}

/** Runs a call whose callbacks may fail: the first error stops the call, and the call rejects with it. */
async function guard<T>(stop: () => void, call: (fail: (error: unknown) => void) => Promise<T>): Promise<T> {
  let thrown: { error: unknown } | undefined
  const running = call((error) => {
    thrown ??= { error }
    stop()
  })
  await running.catch(() => {})
  if (thrown) throw thrown.error
  return running
}
