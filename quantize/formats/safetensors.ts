import { describe, malformed, reasonOf } from '../../lib/base/errors.js'
import { SourceFile } from '../../lib/base/files.js'
import { endOfString } from '../../lib/base/json.js'
import { checkPiece, type SourceTensor, type TensorFile } from './source_tensor.js'

/** Bytes per element. Types narrower than a byte are not listed: no published checkpoint of CLVP has them. */
const ELEMENT_SIZES: Readonly<Record<string, number>> = {
  ...{ F64: 8, F32: 4, F16: 2, BF16: 2, F8_E4M3: 1, F8_E5M2: 1, BOOL: 1 },
  ...{ I64: 8, I32: 4, I16: 2, I8: 1, U64: 8, U32: 4, U16: 2, U8: 1 },
}

/** The published checkpoint's header has 0.2 MiB. The result of JSON.parse can be many times the size of the text. */
const MAX_HEADER_BYTES = 32 * 2 ** 20
/** Limits for the header: nested objects, and commas. 8192 tensors of four dimensions have 73,728 commas. */
const MAX_DEPTH = 3
const MAX_COMMAS = 200_000

/** A tensor's entry in the header. */
interface Entry {
  readonly name: string
  readonly dtype: string
  readonly shape: readonly number[]
  /** From the start of the file. */
  readonly offset: number
  readonly bytes: number
}

/**
 * A safetensors file. {@link SafetensorsFile.open} reads and checks its header; tensors are read piece by piece. The rules
 * are those of the reference library: exact length, no holes, no overlaps, no duplicate keys.
 */
export class SafetensorsFile implements TensorFile {
  readonly path: string
  readonly tensors: ReadonlyMap<string, SourceTensor>
  readonly #file: SourceFile

  private constructor(file: SourceFile, entries: readonly Entry[]) {
    this.path = file.path
    this.#file = file
    this.tensors = new Map(entries.map((entry) => [entry.name, new SafetensorsTensor(file, entry)]))
  }

  /** @throws ClvpError `CLVP_IO` if it cannot be read, `CLVP_MODEL_FORMAT` if it is not a valid safetensors file */
  static async open(path: string): Promise<SafetensorsFile> {
    const file = await SourceFile.open(path, 'the weights')
    try {
      const { size } = file
      const prefix = new Uint8Array(8)
      if (size < 8) throw malformed(path, `it has ${size} bytes`, 'safetensors')
      await file.read(0, prefix)
      const length = Number(new DataView(prefix.buffer).getBigUint64(0, true))
      if (length < 2 || length > MAX_HEADER_BYTES || length > size - 8) {
        throw malformed(path, `its header's length is ${length} of ${size} bytes`, 'safetensors')
      }
      const header = new Uint8Array(length)
      await file.read(8, header)
      return new SafetensorsFile(file, parseHeader(path, header, size))
    } catch (error) {
      await file.close()
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

class SafetensorsTensor implements SourceTensor {
  readonly name: string
  readonly path: string
  readonly dtype: string
  readonly shape: readonly number[]
  readonly bytes: number
  readonly isScattered = false
  readonly #file: SourceFile
  readonly #offset: number

  constructor(file: SourceFile, entry: Entry) {
    this.name = entry.name
    this.path = file.path
    this.dtype = entry.dtype
    this.shape = entry.shape
    this.bytes = entry.bytes
    this.#file = file
    this.#offset = entry.offset
  }

  async read(start: number, target: Uint8Array): Promise<void> {
    checkPiece(this, start, target.length)
    await this.#file.read(this.#offset + start, target)
  }
}

function parseHeader(path: string, bytes: Uint8Array, size: number): Entry[] {
  let header: unknown
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    const fault = headerFault(text)
    if (fault !== undefined) throw new SyntaxError(fault)
    header = JSON.parse(text)
  } catch (error) {
    throw malformed(path, `in its header, ${reasonOf(error)}`, 'safetensors')
  }
  const start = 8 + bytes.length
  const entries: Entry[] = []
  for (const [name, value] of Object.entries(header as object)) {
    if (name === '__metadata__') checkMetadata(path, value)
    else entries.push(parseEntry(path, name, value, start))
  }
  entries.sort((a, b) => a.offset - b.offset || a.bytes - b.bytes)
  let end = start
  for (const entry of entries) {
    if (entry.offset !== end)
      throw malformed(path, `there is a hole or an overlap before tensor ${entry.name}`, 'safetensors')
    end += entry.bytes
  }
  if (end !== size) throw malformed(path, `its tensors end at byte ${end} of ${size}`, 'safetensors')
  return entries
}

function checkMetadata(path: string, value: unknown): void {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isMap || !Object.values(value).every((item) => typeof item === 'string')) {
    throw malformed(path, 'its __metadata__ is not a map of strings', 'safetensors')
  }
}

function parseEntry(path: string, name: string, value: unknown, dataStart: number): Entry {
  const fail = (what: string, got: unknown) =>
    malformed(path, `tensor ${name} has ${what} ${describe(got)}`, 'safetensors')
  if (typeof value !== 'object' || value === null) throw fail('as its description', value)
  const { dtype, shape, data_offsets: offsets, ...others } = value as Record<string, unknown>
  if (Object.keys(others).length > 0) throw fail('an unknown field', Object.keys(others)[0])
  const elementSize =
    typeof dtype === 'string' && Object.hasOwn(ELEMENT_SIZES, dtype) ? ELEMENT_SIZES[dtype] : 0
  if (!elementSize) throw fail('the data type', dtype)
  if (!isCounts(shape)) throw fail('a shape that is', shape)
  if (!isCounts(offsets) || offsets.length !== 2) throw fail('offsets that are', offsets)
  const [begin, end] = offsets as [number, number]
  const expected = shape.reduce((product, n) => product * n, elementSize)
  // A product beyond 2^53 is inexact, but then no file has that many bytes either.
  if (end - begin !== expected) throw fail(`${expected} bytes by its shape and by its offsets`, end - begin)
  return { name, dtype: dtype as string, shape, offset: dataStart + begin, bytes: expected }
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0)
}

/**
 * Finds faults of a header's text that JSON.parse would miss or report too late: duplicate keys (the last would win
 * silently), numbers that are not counts, lone surrogates, deep nesting, and too many entries.
 */
function headerFault(text: string): string | undefined {
  if (text[0] !== '{') return 'it does not start with {'
  const scopes: (Set<string> | undefined)[] = [] // the keys of each open object; undefined for an array
  let commas = 0
  let isKeyNext = false
  for (let i = 0; i < text.length; i++) {
    const c = text[i]
    if (c === '"') {
      const end = endOfString(text, i)
      const keys = scopes.at(-1)
      const string: string = JSON.parse(text.slice(i, end + 1))
      if (!string.isWellFormed()) return 'a string has a lone surrogate'
      if (isKeyNext && keys) {
        if (keys.has(string)) return `the key ${JSON.stringify(string.slice(0, 60))} occurs twice`
        keys.add(string)
      }
      isKeyNext = false
      i = end
    } else if (c === '.' || c === '-' || c === 'E' || (c === 'e' && /\d/.test(text[i - 1] ?? ''))) {
      return `a number contains ${c}, but all must be counts`
    } else if (c === '{' || c === '[') {
      if (scopes.push(c === '{' ? new Set() : undefined) > MAX_DEPTH) return 'it is nested too deeply'
      isKeyNext = c === '{'
    } else if (c === '}' || c === ']') {
      scopes.pop()
    } else if (c === ',') {
      isKeyNext = scopes.at(-1) !== undefined
      if (++commas > MAX_COMMAS) return 'it has too many entries'
    }
  }
  return undefined
}
