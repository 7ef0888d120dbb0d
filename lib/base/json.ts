/** JSON files as transformers reads and writes them. */
import { mkdir } from 'node:fs/promises'
import { path } from './check.js'
import { ClvpError, describe, reasonOf } from './errors.js'
import { type FileUse, readWhole, statIfThere, writeWhole } from './files.js'

export type JsonObject = Readonly<Record<string, unknown>>

const use: FileUse = { what: 'the settings', maxBytes: 16 * 2 ** 20, code: 'CLVP_MODEL_FORMAT' }
const MAX_DEPTH = 64

/** A number that Python must take for a float: written with a decimal point even when it is whole. */
export class Float {
  readonly #value: number

  constructor(value: number) {
    this.#value = value
  }

  /** As Python's repr spells it. */
  toString(): string {
    const size = Math.abs(this.#value)
    if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
      return this.#value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
    }
    const text = Object.is(this.#value, -0) ? '-0' : String(this.#value)
    return Number.isInteger(this.#value) ? `${text}.0` : text
  }
}

/** A value as `json.dumps(value, indent=2, sort_keys=True)` prints it, with {@link Float} and bigint for numbers too. */
export function pythonJson(value: unknown, asciiOnly = true, indent = ''): string {
  if (value instanceof Float || typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) {
    const text = JSON.stringify(value ?? null)
    return asciiOnly ? text.replace(/[\u007f-\uffff]/g, escaped) : text
  }
  const inner = `${indent}  `
  const isList = Array.isArray(value)
  const lines = isList
    ? value.map((item) => pythonJson(item, asciiOnly, inner))
    : Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, item]) => `${pythonJson(key, asciiOnly)}: ${pythonJson(item, asciiOnly, inner)}`)
  const [open, close] = isList ? '[]' : '{}'
  return lines.length === 0
    ? `${open}${close}`
    : `${open}\n${inner}${lines.join(`,\n${inner}`)}\n${indent}${close}`
}

function escaped(unit: string): string {
  // Python does not escape DEL.
  return unit === '\u007f' ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** A frozen copy of a JSON value. */
export function frozenJson(value: unknown, name: string, depth = 0): unknown {
  if (depth > MAX_DEPTH) throw notJson(`Expected at most ${MAX_DEPTH} levels for ${name} but received more`)
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (Array.isArray(value)) return Object.freeze(value.map((item) => frozenJson(item, name, depth + 1)))
  if (isObject(value)) {
    const entries = Object.entries(value).map(([key, item]) => [key, frozenJson(item, name, depth + 1)])
    return Object.freeze(Object.fromEntries(entries))
  }
  throw notJson(`Expected a JSON value for ${name} but received ${describe(value)}`)
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)
}

/**
 * The value of a JSON text that is nested in at most 64 levels. No real file has more. A text of deeper levels would take many times
 * its size when parsed, and could overflow the stack of whoever walks through its value.
 *
 * @throws SyntaxError when it is not JSON, or nested deeper
 */
export function parseJson(text: string): unknown {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text[i]
    if (unit === '{' || unit === '[') depth++
    else if (unit === '}' || unit === ']') depth--
    else if (unit === '"') i = endOfString(text, i)
    if (depth > MAX_DEPTH) throw new SyntaxError(`it is nested in more than ${MAX_DEPTH} levels`)
  }
  return JSON.parse(text)
}

/** The position of the closing quote of the JSON string at `start`, or the end of the text. */
export function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === '"') return i
  }
  return text.length
}

/**
 * Reads a file that holds one JSON object.
 *
 * @throws ClvpError `CLVP_IO` when it cannot be read, `CLVP_MODEL_FORMAT` when it is too large or holds something else
 */
export async function readJson(file: string): Promise<JsonObject> {
  const bytes = await readWhole(path(file, 'path'), use)
  let value: unknown
  try {
    value = parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    const reason = reasonOf(cause)
    throw new ClvpError('CLVP_MODEL_FORMAT', `${file} is not JSON: ${reason}`, { cause })
  }
  if (isObject(value)) return value
  throw new ClvpError('CLVP_MODEL_FORMAT', `${file}: expected an object but found ${describe(value)}`)
}

/** {@link readJson}, or undefined if there is no such file. */
export async function readJsonIfThere(file: string): Promise<JsonObject | undefined> {
  return (await statIfThere(file, 'a JSON file')) ? readJson(file) : undefined
}

/** Runs a reader of a file's content. An invalid argument becomes CLVP_MODEL_FORMAT: the file is at fault, not the caller. */
export function fromFile<T>(file: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ClvpError)) throw error
    const code = error.code === 'CLVP_INVALID_ARGUMENT' ? 'CLVP_MODEL_FORMAT' : error.code
    throw new ClvpError(code, `${file}: ${error.message}`, { cause: error })
  }
}

/** Creates a folder and its parents if they are missing. Returns the checked path. */
export async function makeFolder(folder: unknown): Promise<string> {
  const checked = path(folder, 'folder')
  try {
    await mkdir(checked, { recursive: true })
    return checked
  } catch (cause) {
    const reason = reasonOf(cause)
    throw new ClvpError('CLVP_IO', `${checked} could not be created: ${reason}`, { cause })
  }
}

export async function writeJson(file: string, value: unknown, asciiOnly = true): Promise<void> {
  await writeWhole(file, `${pythonJson(value, asciiOnly)}\n`)
}

function notJson(message: string): ClvpError {
  return new ClvpError('CLVP_INVALID_ARGUMENT', message)
}
