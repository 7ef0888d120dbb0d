/** The voices that are offered: those of a folder, uploaded ones, and the embedded recording. */
import { lstat, readdir, unlink } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { Clvp, type Clvp as Model, Voice } from 'node-clvp'
import { ApiError, badRequest, notFound } from './errors.js'
import type { ServedModel } from './models.js'
import type { Settings } from './settings.js'

/** Names of voices, which are their ids: never a path. */
const idPattern = /^[a-z0-9][\w -]{0,63}$/i
const clipExtensions = ['.wav', '.mp3', '.flac', '.ogg']

/** OpenAI's names, which stand for the default voice unless a voice has that name. */
const aliases = [
  'alloy',
  'ash',
  'ballad',
  'coral',
  'echo',
  'fable',
  'onyx',
  'nova',
  'sage',
  'shimmer',
  'verse',
  'marin',
  'cedar',
]

interface Entry {
  /** Changes with the voice. */
  version: string
  read(clvp: Model): Promise<Voice>
  /** Absent for a voice that requests cannot delete. */
  remove?(): Promise<void>
}

export class Voices {
  readonly #folder: string | undefined
  readonly #most: number
  readonly #preferred: string | undefined
  /** Uploads, where there is no folder to keep them in. */
  readonly #uploaded = new Map<string, { voice: Voice; version: string }>()
  #uploads = 0
  /** Voices that are being made. */
  readonly #claimed = new Set<string>()
  /** What a model made of a voice: the last ones that were used. */
  readonly #made = new Map<string, Promise<Voice>>()

  constructor({ voices, maxVoices, defaultVoice }: Settings) {
    this.#folder = voices
    this.#most = maxVoices
    this.#preferred = defaultVoice
  }

  /** The ids of all voices, and whether requests can delete them. */
  async list(): Promise<{ id: string; deletable: boolean }[]> {
    return [...(await this.#entries())].map(([id, { remove }]) => ({ id, deletable: remove !== undefined }))
  }

  /**
   * Finds a voice by its id or one of OpenAI's names.
   *
   * @returns what makes it for a model
   * @throws ApiError 404
   */
  async find(id: string): Promise<(model: ServedModel, clvp: Model) => Promise<Voice>> {
    const entries = await this.#entries()
    const chosen =
      entries.has(id) || !aliases.includes(id) ? id : (this.#preferred ?? [...entries.keys()][0]!)
    const entry = entries.get(chosen)
    if (entry) return (model, clvp) => this.#make(`${model.name}/${chosen}/${entry.version}`, entry, clvp)
    const some = [...entries.keys()].slice(0, 20).join(', ')
    throw notFound(
      `Expected one of the voices ${some} for voice but received '${chosen.slice(0, 64)}'`,
      'voice_not_found',
      'voice',
    )
  }

  /**
   * Keeps a new voice, under a name that no other has.
   *
   * @param make makes the voice
   * @throws ApiError 400, 409, and what `make` throws
   */
  async add(name: string, make: () => Promise<Voice>): Promise<string> {
    if (!idPattern.test(name)) {
      throw badRequest(
        `Expected 1 to 64 letters, digits, blanks, - or _ for name but received ${name.length} characters, or others`,
        'name',
      )
    }
    const id = name.trim().toLowerCase().replaceAll(' ', '-')
    const entries = await this.#entries()
    if (entries.has(id) || this.#claimed.has(id)) {
      const facts = {
        status: 409,
        type: 'invalid_request_error',
        code: 'voice_exists',
        param: 'name',
      } as const
      throw new ApiError(
        `Expected a new name but there is a voice '${id}': take another, or delete that one`,
        facts,
      )
    }
    if (entries.size + this.#claimed.size >= this.#most) {
      throw badRequest(
        `Expected at most ${this.#most} voices but received one more: delete some`,
        undefined,
        'too_many_voices',
      )
    }
    this.#claimed.add(id)
    try {
      const voice = await make()
      if (this.#folder === undefined) this.#uploaded.set(id, { voice, version: `upload ${++this.#uploads}` })
      else await voice.save(join(this.#folder, `${id}.json`))
      return id
    } finally {
      this.#claimed.delete(id)
    }
  }

  /** @throws ApiError 403, 404 */
  async delete(id: string): Promise<void> {
    const entry = (await this.#entries()).get(id)
    if (!entry) throw notFound(`There is no voice '${id.slice(0, 64)}'`, 'voice_not_found', 'id')
    if (!entry.remove) {
      const facts = {
        status: 403,
        type: 'invalid_request_error',
        code: 'voice_protected',
        param: 'id',
      } as const
      throw new ApiError(
        `The voice '${id}' belongs to the server's operator: only saved voices can be deleted`,
        facts,
      )
    }
    await entry.remove()
  }

  /** Reads the folder anew: voices can be put there while the server runs. */
  async #entries(): Promise<Map<string, Entry>> {
    const entries = new Map<string, Entry>()
    if (this.#folder !== undefined) await this.#scan(this.#folder, entries)
    for (const [id, { voice, version }] of this.#uploaded) {
      entries.set(id, {
        version,
        read: async () => voice,
        remove: async () => void this.#uploaded.delete(id),
      })
    }
    if (!entries.has('demo')) entries.set('demo', { version: '', read: (clvp) => clvp.voice(Clvp.demoVoice) })
    return entries
  }

  /** Links are left out: nothing outside of the folder is read. */
  async #scan(folder: string, entries: Map<string, Entry>): Promise<void> {
    const found = await readdir(folder, { withFileTypes: true })
    for (const each of found.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const extension = each.isFile() ? extname(each.name) : ''
      const id = each.name.slice(0, each.name.length - extension.length)
      const path = join(folder, each.name)
      if (!idPattern.test(id) || entries.has(id)) continue
      const isSaved = extension === '.json'
      const isClip = each.isFile() ? clipExtensions.includes(extension.toLowerCase()) : each.isDirectory()
      if (!isSaved && !isClip) continue
      const info = await lstat(path).catch(() => undefined)
      if (!info) continue // deleted meanwhile
      entries.set(id, {
        version: `${info.mtimeMs} ${info.size}`,
        read: isSaved ? () => Voice.load(path) : (clvp) => clvp.voice(path),
        ...(isSaved && { remove: () => unlink(path) }),
      })
    }
  }

  #make(key: string, entry: Entry, clvp: Model): Promise<Voice> {
    const made = this.#made.get(key) ?? entry.read(clvp)
    this.#made.delete(key)
    this.#made.set(key, made)
    made.catch(() => this.#made.delete(key))
    const [oldest] = this.#made.keys()
    if (this.#made.size > 256) this.#made.delete(oldest!)
    return made
  }
}
