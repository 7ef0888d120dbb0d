/**
 * Files in memory for readers that open them by their paths: a system call for each piece would take ten
 * times as long as the reading. What a reader asks for is held against what there is.
 */
import fs from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { dirname, join } from 'node:path'
import { ClvpError } from '../../../dist/lib/base/errors.js'
import { SourceFile } from '../../../dist/lib/base/files.js'

/** No reader has a reason to ask for more at once than a file holds, and some slack. */
const SLACK = 2 ** 20

// --- one file, read in pieces ----------------------------------------------------------------------------

/** What SourceFile is to its readers, with bytes for a file. */
class MemoryFile {
  path = 'memory'
  isOpen = true
  #bytes

  constructor(bytes) {
    this.#bytes = bytes
  }

  get size() {
    return this.#bytes.length
  }

  async read(offset, target) {
    if (!this.isOpen) throw new Error('a closed file is read')
    if (target.length > this.size + SLACK) {
      throw new Error(`${target.length} bytes are asked for, of a file of ${this.size}`)
    }
    if (target.length === 0) return // as the system has it, wherever that is
    const isInside = Number.isSafeInteger(offset) && offset >= 0 && target.length <= this.size - offset
    if (!isInside) throw new ClvpError('CLVP_IO', `${target.length} bytes at ${offset} are not in the file`)
    target.set(this.#bytes.subarray(offset, offset + target.length))
  }

  async close() {
    if (!this.isOpen) throw new Error('a file is closed twice')
    this.isOpen = false
  }
}

/** Runs a reader for which every file has these bytes. It must leave none open, whether it throws or not. */
export async function readingFrom(bytes, read) {
  const { open } = SourceFile
  const files = []
  SourceFile.open = async () => {
    files.push(new MemoryFile(bytes))
    return files.at(-1)
  }
  const reading = await Promise.allSettled([read()])
  SourceFile.open = open
  if (files.some((file) => file.isOpen)) throw new Error('a file was left open')
  if (reading[0].status === 'rejected') throw reading[0].reason
}

// --- a folder of small files, read whole -----------------------------------------------------------------

function missing(path) {
  return Object.assign(new Error(`ENOENT: no such file: ${path}`), { code: 'ENOENT' })
}

function infoOf({ length }) {
  return { size: BigInt(length), isFile: () => true, isDirectory: () => false }
}

/**
 * A folder that is nowhere but has files for stat and open of node:fs/promises, once a first input was
 * set and until it is removed; all other paths are the system's.
 */
export class MemoryFolder {
  path = join('/', 'nowhere', 'clvp-fuzz')
  #files = new Map()
  #real

  /** @param files bytes by name; an empty file is not there */
  set(files) {
    const present = Object.entries(files).filter(([, bytes]) => bytes.length > 0)
    this.#files = new Map(present.map(([name, bytes]) => [join(this.path, name), bytes]))
    if (!this.#real) this.#install()
  }

  #install() {
    const { stat, open } = fs
    this.#real = { stat, open }
    this.#put({
      stat: async (path, ...rest) => {
        if (dirname(String(path)) !== this.path) return stat(path, ...rest)
        return infoOf(this.#bytesOf(path))
      },
      open: async (path, ...rest) => {
        if (dirname(String(path)) !== this.path) return open(path, ...rest)
        const bytes = this.#bytesOf(path)
        return {
          stat: async () => infoOf(bytes),
          read: async (target, at, length, from) => ({
            bytesRead: Buffer.from(bytes).copy(target, at, from, from + length),
          }),
          close: async () => {},
        }
      },
    })
  }

  #bytesOf(path) {
    const bytes = this.#files.get(path)
    if (!bytes) throw missing(path)
    return bytes
  }

  /** Modules that have imported them by name see the new ones too. */
  #put(functions) {
    Object.assign(fs, functions)
    syncBuiltinESMExports()
  }

  remove() {
    if (this.#real) this.#put(this.#real)
    this.#real = undefined
  }
}
