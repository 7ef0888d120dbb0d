/** Keeps the spoken parts of a text in a folder, so that a call that was interrupted goes on where it stopped. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { speechRate } from '../addon/contract/speech.js'
import { readClip } from '../audio/clips.js'
import { saveSound } from '../audio/output/save_sound.js'
import { failIo, readWhole, statIfThere, writeWhole } from '../base/files.js'
import { forJson } from '../clvp/codes.js'
import type { Candidate, GenerateResult } from '../clvp/result.js'
import type { TextPart } from '../text/split_part.js'
import { hashOf } from './settings_key.js'
import type { SpeechPart } from './speech.js'

/** A part with its sound as it is before parts are joined. */
export interface KeptPart {
  spoken: SpeechPart
  samples: Float32Array
}

/** What `0001.json` holds. */
interface Entry {
  /** Of text, settings and seed. */
  key: string
  /** Of the call. */
  seed: number
  /** As it is spoken. */
  normalized: string
  samples: number
  /** Place of the candidate that is heard among those of the result. */
  heard: number
  result: GenerateResult
  failures: SpeechPart['failures']
  attempts: number
}

/** What a part is made of, beside the settings of the call. */
export type PartOrigin = Pick<Entry, 'normalized' | 'seed'>

/**
 * Part n is two files: `000n.wav`, in floating point, and `000n.json`, which is written once the sound is there. Both appear when they
 * are complete.
 */
export class PartFolder {
  readonly #folder: string
  readonly #settings: string

  /** @param settings of {@link settingsKey} */
  constructor(folder: string, settings: string) {
    this.#folder = folder
    this.#settings = settings
  }

  /** Makes the folder if it is not there. */
  async make(): Promise<void> {
    await mkdir(this.#folder, { recursive: true }).catch((error) => failIo(this.#folder, error))
  }

  /** The seed of the call that filled the folder, if it had these settings. */
  async seed(): Promise<number | undefined> {
    const entry = await this.#entry(0)
    return entry && entry.key === this.#key(entry) ? entry.seed : undefined
  }

  /** A part of this text, if the folder has it. Files that are damaged count as absent: the part is made again. */
  async load(part: number, text: TextPart, origin: PartOrigin): Promise<KeptPart | undefined> {
    const entry = await this.#entry(part)
    if (entry?.key !== this.#key(origin)) return undefined
    try {
      const samples = await readClip(this.#path(part, 'wav'), 'a part', speechRate)
      if (samples.length !== entry.samples) return undefined
      const { heard, failures, attempts } = entry
      const result = revive(entry.result)
      const candidate = result.candidates[heard]
      if (!candidate || !Array.isArray(failures)) return undefined
      return { samples, spoken: { text, span: { start: 0, end: 0 }, candidate, result, failures, attempts } }
    } catch {
      return undefined
    }
  }

  async save(part: number, origin: PartOrigin, { spoken, samples }: KeptPart): Promise<void> {
    const { result, candidate, failures, attempts } = spoken
    await saveSound(this.#path(part, 'wav'), [samples], { sampleRate: speechRate, bitDepth: 32 })
    const entry: Entry = {
      ...origin,
      key: this.#key(origin),
      samples: samples.length,
      heard: result.candidates.indexOf(candidate),
      result,
      failures,
      attempts,
    }
    await writeWhole(this.#path(part, 'json'), `${JSON.stringify(entry)}\n`)
  }

  #path(part: number, extension: string): string {
    return join(this.#folder, `${String(part + 1).padStart(4, '0')}.${extension}`)
  }

  #key({ normalized, seed }: PartOrigin): string {
    return hashOf(this.#settings, normalized, String(seed))
  }

  async #entry(part: number): Promise<Entry | undefined> {
    const file = this.#path(part, 'json')
    if (!(await statIfThere(file, 'a regular file for a part'))) return undefined
    try {
      return JSON.parse((await readWhole(file, use)).toString()) as Entry
    } catch {
      return undefined
    }
  }
}

const use = { what: 'a part', maxBytes: 2 ** 28, code: 'CLVP_IO' } as const

/** A result after JSON, with typed arrays for codes and NaN for scores that were not computed. */
function revive(result: GenerateResult): GenerateResult {
  const candidates = result.candidates.map(
    (each): Candidate => ({
      ...each,
      codes: forJson(Int32Array.from(each.codes)),
      drawnCodes: forJson(Int32Array.from(each.drawnCodes)),
      score: each.score ?? Number.NaN,
      soloScore: each.soloScore ?? Number.NaN,
    }),
  )
  return { ...result, best: candidates[0]!, candidates }
}
