/** `parts: 'auto'`: the parts of a model are loaded when calls need them, one at a time. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { binding } from '../addon/binding.js'
import type { NativeHooks } from '../addon/contract/drawing.js'
import type { NativeHeld } from '../addon/contract/files.js'
import type {
  KvType,
  NativeAbortFlag,
  NativeInfo,
  NativeModel,
  NativeSession,
} from '../addon/contract/session.js'
import { type CoreLoadOptions, loadModel } from '../addon/jobs.js'
import { allParts, type Part } from '../addon/parts.js'
import { ClvpError, disposedError } from '../base/errors.js'
import { type Engine, localEngine } from './engine.js'

/** A call that waits for its part. */
interface Waiting {
  part: Part
  admit(native: NativeSession): void
  reject(error: unknown): void
}

/** A call that is running. */
interface Holder {
  readonly engine: PartEngine
  readonly part: Part
  isRunning: boolean
}

/**
 * The call that the running code is a function of: what that calls must not wait for it. Work that the function leaves behind keeps the
 * holder, but not the part.
 */
const held = new AsyncLocalStorage<Holder>()

/** Calls of the part that is loaded run side by side. A call of another part waits until they have ended; later ones wait behind it. */
export class PartEngine implements Engine {
  readonly info: NativeInfo
  readonly threads: number
  readonly values: Record<string, NativeHeld>
  readonly session: NativeSession
  readonly swapsParts = true
  readonly #load: (part: Part) => Promise<Engine>
  readonly #queue: Waiting[] = []
  #loaded: { part: Part; engine: Engine } | undefined
  #users = 0
  /** Settles when the swap under way has ended. */
  #swap: Promise<void> | undefined
  #closed = false

  /** Reads what the parts of a file are, and loads the first one. */
  static async open(
    file: string,
    options: CoreLoadOptions,
    threads: number,
    kvType: KvType,
  ): Promise<PartEngine> {
    const { signal, onProgress, ...lasting } = options
    const load = async (part: Part, first: CoreLoadOptions = {}) =>
      localEngine(await loadModel(file, { ...lasting, ...first, parts: [part] }), threads, kvType)
    const [info, values] = await describe(file, (model) => [model.info(), model.values()] as const)
    const parts = allParts.filter((part) => info[part])
    let bytes = 0
    for (const part of parts) {
      bytes = Math.max(bytes, await describe(file, (model) => model.info().bytes, [part]))
    }
    const first = await load(parts[0]!, { signal, onProgress })
    const whole = { ...info, bytes, device: first.info.device }
    return new PartEngine(whole, values, { part: parts[0]!, engine: first }, load)
  }

  private constructor(
    info: NativeInfo,
    values: Record<string, NativeHeld>,
    first: { part: Part; engine: Engine },
    load: (part: Part) => Promise<Engine>,
  ) {
    this.info = info
    this.values = values
    this.threads = first.engine.threads
    this.#loaded = first
    this.#load = load
    this.session = this.#makeSession()
  }

  newFlag(): NativeAbortFlag {
    return new binding.AbortFlag()
  }

  async dispose(): Promise<void> {
    this.#close()
    await this.#swap
    await this.#loaded?.engine.dispose()
    this.#loaded = undefined
  }

  /** Runs a call of a part, and the caller's functions of it as holders of that part. */
  async #use<T>(part: Part, call: (native: NativeSession) => Promise<T> | T): Promise<T> {
    const inside = held.getStore()
    const isNested = inside?.engine === this && inside.isRunning
    if (isNested && inside.part !== part) {
      throw new ClvpError(
        'CLVP_UNSUPPORTED',
        `Expected a call of the ${inside.part} but received one of the ${part}: with parts: 'auto' a function that a call waits for cannot use another part. Load the parts that it needs together`,
      )
    }
    const native = isNested ? this.#join() : await this.#enter(part)
    const holder: Holder = { engine: this, part, isRunning: true }
    try {
      return await held.run(holder, async () => call(native))
    } finally {
      holder.isRunning = false
      this.#users--
      this.#next()
    }
  }

  #join(): NativeSession {
    this.#users++
    return this.#loaded!.engine.session
  }

  #enter(part: Part): Promise<NativeSession> {
    return new Promise((admit, reject) => {
      this.#queue.push({ part, admit, reject })
      this.#next()
    })
  }

  /** Admits the calls at the head of the queue, or swaps parts for the first. */
  #next(): void {
    for (let first = this.#queue[0]; first && !this.#swap; first = this.#queue[0]) {
      if (this.#closed) {
        this.#queue.shift()
        first.reject(disposedError())
      } else if (this.#loaded?.part === first.part) {
        this.#queue.shift()
        first.admit(this.#join())
      } else if (this.#users === 0) {
        this.#swap = this.#change(first)
      } else return
    }
  }

  async #change({ part, reject }: Waiting): Promise<void> {
    try {
      await this.#loaded?.engine.dispose()
      this.#loaded = undefined
      this.#loaded = { part, engine: await this.#load(part) }
    } catch (error) {
      this.#queue.shift()
      reject(error)
    }
    this.#swap = undefined
    this.#next()
  }

  #close(): void {
    this.#closed = true
    this.#loaded?.engine.session.close()
    this.#next()
  }

  #makeSession(): NativeSession {
    /** A method of one part. */
    const of =
      <K extends keyof NativeSession>(part: Part | (() => Part), name: K) =>
      (...args: unknown[]) =>
        this.#use(typeof part === 'string' ? part : part(), (native) =>
          (native[name] as (...given: unknown[]) => Promise<never>)(...args.map(holding)),
        )
    /** For what every part can do: the one that is here, or else the decoder. */
    const any = () => this.#loaded?.part ?? 'decoder'
    const refused = async (): Promise<never> => {
      throw new ClvpError(
        'CLVP_UNSUPPORTED',
        "Expected a model with all its parts in memory but received parts: 'auto': load without it to calibrate",
      )
    }
    return {
      mel: of(any, 'mel'),
      condition: of('decoder', 'condition'),
      generate: of('decoder', 'generate'),
      searchBeams: of('decoder', 'searchBeams'),
      conditioning: of('decoder', 'conditioning'),
      stepLogits: of('decoder', 'stepLogits'),
      latents: of('decoder', 'latents'),
      decode: of('decoder', 'decode'),
      encode: of('ranker', 'encode'),
      embedText: of('ranker', 'embedText'),
      embedSpeech: of('ranker', 'embedSpeech'),
      score: of('ranker', 'score'),
      encodeAudio: of('encoder', 'encodeAudio'),
      encodeMel: of('encoder', 'encodeMel'),
      codesToMel: of(this.info.dvaeCodes > 0 ? 'encoder' : any, 'codesToMel'),
      preview: of(this.info.dvaeCodes > 0 ? 'encoder' : any, 'preview'),
      speechMel: of('diffusion', 'speechMel'),
      conditionSpeech: of('diffusion', 'conditionSpeech'),
      diffusionPass: of('diffusion', 'diffusionPass'),
      diffuse: of('diffusion', 'diffuse'),
      vocode: of('vocoder', 'vocode'),
      hifigan: of('hifigan', 'hifigan'),
      hifiganParts: of('hifigan', 'hifiganParts'),
      randomVoice: of('random', 'randomVoice'),
      collectImportance: refused,
      importance: refused,
      close: () => this.#close(),
      dispose: () => {}, // dispose() of the engine does
      threads: () => this.threads,
    }
  }
}

/** What a model file says of some parts, without reading their weights. */
async function describe<T>(
  file: string,
  read: (model: NativeModel) => T,
  parts: readonly Part[] = allParts,
): Promise<T> {
  const model = await loadModel(file, { device: 'cpu', mmap: true, parts })
  try {
    return read(model)
  } finally {
    model.dispose()
  }
}

const isHooks = (value: object): value is NativeHooks =>
  ['onStep', 'onCandidate', 'onProgress', 'process', 'stop'].some((name) => name in value)

/** An argument whose hooks run as what holds the part; those of a request lie in its `hooks`. */
function holding(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if ('hooks' in value) return { ...value, hooks: holding(value.hooks) }
  if (!isHooks(value)) return value
  const keep = AsyncLocalStorage.snapshot()
  return Object.fromEntries(
    Object.entries(value).map(([name, hook]) => [
      name,
      hook && ((...args: unknown[]) => keep(hook as (...given: unknown[]) => unknown, ...args)),
    ]),
  )
}
