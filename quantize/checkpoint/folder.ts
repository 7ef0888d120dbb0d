import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ClvpError, describe, malformed, reasonOf } from '../../lib/base/errors.js'
import { failIo, readWhole, statIfThere } from '../../lib/base/files.js'
import { parseJson } from '../../lib/base/json.js'
import type { JsonObject } from './section.js'

/** Configurations are stored as GGUF strings, which are limited to 1 MiB here. */
const MAX_CONFIG_BYTES = 2 ** 20
export const MAX_TEXT_BYTES = 8 * 2 ** 20

export function missing(folder: string, what: string, advice = ''): ClvpError {
  return new ClvpError('CLVP_MODEL_FORMAT', `${folder} is not a CLVP checkpoint: ${what} is missing${advice}`)
}

/** A folder whose files are read with size limits and recorded. */
export class Folder {
  readonly path: string
  readonly paths: string[] = []

  constructor(path: string) {
    this.path = path
  }

  async has(name: string): Promise<boolean> {
    return (await statIfThere(join(this.path, name), 'a file of the checkpoint')) !== undefined
  }

  /** Names of everything in the folder, or in a folder inside; empty if there is no such folder. */
  async names(inside = ''): Promise<string[]> {
    if (inside !== '' && !(await this.has(inside))) return []
    const path = join(this.path, inside)
    return (await readdir(path).catch((error) => failIo(path, error))).sort()
  }

  /** A file's text, or undefined if there is none. */
  async text(name: string, maxBytes: number): Promise<string | undefined> {
    if (!(await this.has(name))) return undefined
    const path = join(this.path, name)
    const bytes = await readWhole(path, { what: 'the checkpoint', maxBytes, code: 'CLVP_MODEL_FORMAT' })
    this.paths.push(path)
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    } catch {
      throw malformed(path, 'it is not UTF-8')
    }
  }

  async object(name: string, maxBytes: number): Promise<{ text: string; json: JsonObject } | undefined> {
    const text = await this.text(name, maxBytes)
    if (text === undefined) return undefined
    const path = join(this.path, name)
    let json: unknown
    try {
      json = parseJson(text)
    } catch (error) {
      throw malformed(path, `it is not JSON (${reasonOf(error)})`)
    }
    return { text, json: asObject(json, path) }
  }

  config(name: string): Promise<{ text: string; json: JsonObject } | undefined> {
    return this.object(name, MAX_CONFIG_BYTES)
  }
}

export function asObject(value: unknown, path: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
  throw malformed(path, `expected an object but found ${describe(value)}`)
}
