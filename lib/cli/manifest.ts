/** The list of finished sounds in a folder, one a line, so that a second run goes on where the first stopped. */
import { open } from 'node:fs/promises'
import { ClvpError } from '../base/errors.js'
import { type FileUse, readWhole, statIfThere, writeWhole } from '../base/files.js'

/** A finished sound. */
export interface ManifestEntry {
  /** Name in the folder. */
  file: string
  /** SHA-256 of the text. */
  text: string
  /** Hash of the model, the voice and the options, without the seed. */
  settings: string
  seed: number
  seconds: number
}

const use: FileUse = { what: 'the manifest', maxBytes: 2 ** 28, code: 'CLVP_IO' }

export class Manifest {
  readonly #path: string
  readonly #entries = new Map<string, ManifestEntry>()

  private constructor(path: string) {
    this.#path = path
  }

  /** A last line that a crash cut is dropped. */
  static async open(path: string): Promise<Manifest> {
    const manifest = new Manifest(path)
    if (!(await statIfThere(path, 'a regular file for the manifest'))) return manifest
    const text = (await readWhole(path, use)).toString()
    const whole = text.slice(0, text.lastIndexOf('\n') + 1)
    for (const [i, line] of whole.split('\n').entries()) {
      if (line !== '') manifest.#set(readEntry(line, `${path}, line ${i + 1}`))
    }
    if (whole !== text) await writeWhole(path, whole)
    return manifest
  }

  /** The last entry of a file counts. */
  get(file: string): ManifestEntry | undefined {
    return this.#entries.get(file)
  }

  /** The seed of the last sound with these settings. */
  seedOf(settings: string): number | undefined {
    return [...this.#entries.values()].findLast((each) => each.settings === settings)?.seed
  }

  async add(entry: ManifestEntry): Promise<void> {
    try {
      const file = await open(this.#path, 'a')
      try {
        await file.appendFile(`${JSON.stringify(entry)}\n`)
        await file.sync()
      } finally {
        await file.close()
      }
    } catch (cause) {
      throw new ClvpError('CLVP_IO', `${this.#path} could not be written: ${(cause as Error).message}`, {
        cause,
      })
    }
    this.#set(entry)
  }

  #set(entry: ManifestEntry): void {
    this.#entries.delete(entry.file) // the order is that of the lines
    this.#entries.set(entry.file, entry)
  }
}

function readEntry(line: string, where: string): ManifestEntry {
  try {
    const { file, text, settings, seed, seconds } = JSON.parse(line)
    const strings = [file, text, settings].every((each) => typeof each === 'string')
    if (strings && Number.isSafeInteger(seed) && typeof seconds === 'number') {
      return { file, text, settings, seed, seconds }
    }
  } catch {} // reported below
  throw new ClvpError(
    'CLVP_IO',
    `Expected an entry with file, text, settings, seed and seconds for ${where} but received ${line.slice(0, 60)}: remove the line, or name another folder`,
  )
}
