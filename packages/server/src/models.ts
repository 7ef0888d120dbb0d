/** The models that are offered, loaded or not. */
import { Clvp, type ClvpLoadOptions } from 'node-clvp'
import { notFound, unavailable } from './errors.js'
import type { ModelSource, Settings } from './settings.js'

/** OpenAI's names, which stand for the first model. */
const aliases = ['tts-1', 'tts-1-hd', 'gpt-4o-mini-tts']

/** A model that is in use until it is released. */
export interface HeldModel {
  clvp: Clvp
  release(): void
}

export class ServedModel {
  readonly name: string
  /** When the server began to offer it, in seconds since 1970. */
  readonly created = Math.floor(Date.now() / 1000)
  /** What was loaded last: the model's facts stay known while it is unloaded. */
  #info: Clvp['info'] | undefined
  readonly #source: string
  readonly #options: ClvpLoadOptions
  readonly #idleSeconds: number
  #loading: Promise<Clvp> | undefined
  #users = 0
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor({ name, source }: ModelSource, options: ClvpLoadOptions, idleSeconds: number) {
    this.name = name
    this.#source = source === 'demo' ? Clvp.demo : source
    this.#options = options
    this.#idleSeconds = idleSeconds
  }

  get info(): Clvp['info'] | undefined {
    return this.#info
  }

  get isLoaded(): boolean {
    return this.#loading !== undefined && this.#info !== undefined
  }

  /** Loads it, unless that has been done. A failed load is tried again by the next call. */
  load(): Promise<Clvp> {
    this.#loading ??= Clvp.load(this.#source, this.#options).then(
      async (clvp) => {
        this.#info = clvp.info
        if (this.#isClosed) await clvp.dispose()
        return clvp
      },
      (error) => {
        this.#loading = undefined
        throw error
      },
    )
    return this.#loading
  }

  async hold(): Promise<HeldModel> {
    this.#users++
    clearTimeout(this.#timer)
    let isHeld = true
    const release = () => {
      if (!isHeld) return
      isHeld = false
      this.#users--
      if (this.#users === 0) this.#rest()
    }
    try {
      return { clvp: await this.load(), release }
    } catch (error) {
      release()
      throw error
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    const clvp = await this.#loading?.catch(() => undefined)
    await clvp?.dispose()
  }

  /** Unloads the model if nobody asks for it for a while. */
  #rest(): void {
    if (this.#idleSeconds === 0 || this.#isClosed) return
    this.#timer = setTimeout(() => {
      const loading = this.#loading
      this.#loading = undefined
      void loading?.then((clvp) => clvp.dispose())
    }, 1000 * this.#idleSeconds)
    this.#timer.unref()
  }
}

export class Models {
  readonly all: readonly ServedModel[]

  constructor(settings: Settings) {
    const { models, device, threads, maxMemory, isolate, idleUnload } = settings
    const options: ClvpLoadOptions = {
      ...(device !== undefined && { device }),
      ...(threads > 0 && { threads }),
      ...(maxMemory > 0 && { maxMemory: 1e6 * maxMemory }),
      ...(isolate && { isolate }),
    }
    this.all = models.map((each) => new ServedModel(each, options, idleUnload))
  }

  get first(): ServedModel {
    return this.all[0]!
  }

  /** The model that a request names; the first one, if it names none or one of OpenAI's. */
  find(name: string | undefined): ServedModel {
    const found = this.all.find((each) => each.name === name)
    if (found) return found
    if (name === undefined || aliases.includes(name)) return this.first
    const known = this.all.map((each) => each.name).join(', ')
    throw notFound(`Expected one of ${known} for model but received '${name}'`, 'model_not_found', 'model')
  }

  /** Loads all models, one after the other. */
  async load(): Promise<void> {
    for (const model of this.all) (await model.hold()).release() // from here on it may rest
  }

  /** @throws ApiError 503 while a model is loaded for the first time */
  static requireLoaded({ name, info }: ServedModel): void {
    if (info) return
    throw unavailable(`The model ${name} is being loaded: try again soon`, 'model_loading', 2)
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((model) => model.close()))
  }
}
