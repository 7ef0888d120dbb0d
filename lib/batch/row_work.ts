/** From a row to its record. */
import { isAbsolute, join } from 'node:path'
import { Voice } from '../audio/voice.js'
import { ClvpError } from '../base/errors.js'
import { LruCache } from '../base/lru.js'
import type { Clvp } from '../clvp/clvp.js'
import type { BatchRow, FoundRow } from './input/row.js'
import type { Manifest } from './manifest.js'
import { type BatchRecord, errorRecord, isRowError, resultRecord, seedOf } from './record.js'
import type { BatchStore } from './store.js'
import { type RowContext, taskKinds } from './tasks.js'

/** Voices of rows that are kept for the rows that follow. */
const mostVoices = 64

/** Turns rows of one run into records, with one model. */
export class RowWork {
  readonly #manifest: Manifest
  readonly #clvp: Clvp
  readonly #folder: string
  readonly #store: BatchStore
  readonly #voice: Voice | undefined
  readonly #voices = new LruCache<Promise<Voice>>(mostVoices)

  /** @param folder that paths of rows are relative to */
  constructor(manifest: Manifest, clvp: Clvp, folder: string, store: BatchStore) {
    this.#manifest = manifest
    this.#clvp = clvp
    this.#folder = folder
    this.#store = store
    this.#voice = manifest.voice ? Voice.fromJSON(manifest.voice) : undefined
  }

  /** @param number of the row in the input */
  async run(found: FoundRow, number: number, signal: AbortSignal): Promise<BatchRecord> {
    if ('error' in found) return errorRecord(found.id, found.error, found.isBatchLine ?? false)
    const { row } = found
    const { task, settings, seed } = this.#manifest
    const context: RowContext = {
      clvp: this.#clvp,
      settings,
      seed: seedOf(seed, row.id),
      voice: (each) => this.#voiceOf(each),
      recording: (each) => this.#recordingOf(each),
      signal,
    }
    const made = await taskKinds[task].run(row, context).catch((error: unknown) => {
      if (isRowError(error)) return error
      throw error
    })
    if (made instanceof ClvpError) return errorRecord(row.id, made, row.isBatchLine ?? false)
    if (!made.sound) return resultRecord(row, made.fields)
    const audio = this.#soundName(number, made.sound.extension)
    await this.#store.write(audio, made.sound.bytes)
    return resultRecord(row, { audio, ...made.fields })
  }

  /** Numbers make the name: an id may hold anything. */
  #soundName(number: number, extension: string): string {
    const shard = Math.floor(number / this.#manifest.shardRows)
    return `sounds/${String(shard).padStart(6, '0')}/${String(number).padStart(9, '0')}.${extension}`
  }

  #recordingOf({ audio }: BatchRow): string | Uint8Array {
    if (typeof audio === 'string') return this.#path(audio)
    if (audio) return audio
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      'Expected a recording for the row but received none: add the field audio, the path of a clip',
    )
  }

  #voiceOf({ voice }: BatchRow): Promise<Voice> {
    if (voice === undefined) {
      if (this.#voice) return Promise.resolve(this.#voice)
      throw new ClvpError(
        'CLVP_INVALID_ARGUMENT',
        'Expected a voice for the row but received none: add the field voice, or name one with --voice',
      )
    }
    const known = this.#voices.get(voice)
    if (known) return known
    const path = this.#path(voice)
    // Without the signal of one row: others wait for the same voice.
    const made = path.endsWith('.json') ? Voice.load(path) : this.#clvp.voice(path)
    this.#voices.set(voice, made)
    return made
  }

  #path(path: string): string {
    return isAbsolute(path) ? path : join(this.#folder, path)
  }
}
