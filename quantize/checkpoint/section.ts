import { ClvpError, describe } from '../../lib/base/errors.js'

const MAX_FIXING_CODES = 64
const MAX_LIST = 64

export type JsonObject = Readonly<Record<string, unknown>>

/** An error for a setting that transformers supports and this package does not. */
export function unsupported(what: string, reason: string): ClvpError {
  return new ClvpError('CLVP_UNSUPPORTED', `${what}: ${reason}`)
}

/** The reference's group norm rule: there must be more than two groups of a width's channels. */
export function hasGroups(width: number): boolean {
  let groups = width <= 16 ? 8 : width <= 64 ? 16 : 32
  while (width % groups !== 0) groups /= 2
  return groups > 2
}

/** One JSON object, read by key with checks of type and range. */
export class Section {
  readonly #path: string
  readonly #values: JsonObject

  constructor(path: string, values: JsonObject) {
    this.#path = path
    this.#values = values
  }

  malformed(key: string, expected: string, value: unknown): ClvpError {
    const message = `${this.#path}: expected ${expected} for ${key} but found ${describe(value)}`
    return new ClvpError('CLVP_MODEL_FORMAT', message)
  }

  /** Absent or null. */
  isNull(key: string): boolean {
    return this.#get(key, null) === null
  }

  /** A nested section; an absent one has all defaults. */
  section(key: string): Section {
    const value = this.#get(key, null) ?? {}
    if (typeof value !== 'object' || Array.isArray(value)) throw this.malformed(key, 'an object', value)
    return new Section(`${this.#path}: ${key}`, value as JsonObject)
  }

  size(key: string, fallback: number, min: number, max: number): number {
    const value = this.#get(key, fallback)
    if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) {
      throw this.malformed(key, `a whole number from ${min} to ${max}`, value)
    }
    return value as number
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.#get(key, fallback)
    if (typeof value !== 'boolean') throw this.malformed(key, 'true or false', value)
    return value
  }

  epsilon(key: string, fallback: number): number {
    const value = this.#get(key, fallback)
    if (typeof value !== 'number' || !(value >= 0 && value <= 1)) throw this.malformed(key, '0 to 1', value)
    return value
  }

  choice(key: string, fallback: string, known: readonly string[]): string {
    const value = this.#get(key, fallback)
    if (typeof value !== 'string') throw this.malformed(key, 'a string', value)
    if (known.includes(value)) return value
    throw unsupported(`${this.#path}: ${key}`, `${describe(value)} is none of ${known.join(', ')}`)
  }

  /** A token id. transformers accepts a list of several stops; only one is supported here. */
  token(key: string, fallback: unknown, vocab: number): number {
    const found = this.#get(key, fallback)
    if (Array.isArray(found) && found.length !== 1) {
      throw unsupported(`${this.#path}: ${key}`, 'only one token is supported')
    }
    const value = Array.isArray(found) ? found[0] : found
    if (!Number.isInteger(value) || value < 0 || value >= vocab) {
      throw this.malformed(key, `an id below ${vocab}, the vocabulary's size,`, value)
    }
    return value
  }

  codes(key: string, fallback: readonly number[], vocab: number): number[] {
    const value = this.#get(key, fallback)
    if (!Array.isArray(value) || value.length < 1 || value.length > MAX_FIXING_CODES) {
      throw this.malformed(key, `1 to ${MAX_FIXING_CODES} codes`, value)
    }
    for (const code of value) {
      if (Number.isInteger(code) && code >= 0 && code < vocab) continue
      throw this.malformed(key, `codes below ${vocab}, the speech encoder's vocabulary,`, code)
    }
    return value
  }

  /** 1 to 64 whole numbers, 1 to `max`. */
  sizes(key: string, fallback: readonly number[], max: number): readonly number[] {
    return this.#listOf(key, this.#get(key, fallback), max)
  }

  /** 1 to 64 lists of them. */
  lists(key: string, fallback: readonly (readonly number[])[], max: number): readonly (readonly number[])[] {
    const value = this.#get(key, fallback)
    if (!Array.isArray(value) || value.length < 1 || value.length > MAX_LIST) {
      throw this.malformed(key, `1 to ${MAX_LIST} lists`, value)
    }
    return value.map((list) => this.#listOf(key, list, max))
  }

  divisors(key: string, length: number): number[] {
    const value = this.#get(key, null)
    if (!Array.isArray(value) || value.length !== length) {
      throw this.malformed(key, `an array of ${length} numbers`, value)
    }
    for (const norm of value) {
      // Norms are stored as float32 and must be neither 0 nor infinite in that type.
      const single = typeof norm === 'number' ? Math.fround(norm) : 0
      if (single === 0 || !Number.isFinite(single))
        throw this.malformed(key, 'finite numbers other than 0', norm)
    }
    return value
  }

  /** Checks a setting that supports only one value. */
  only(key: string, fallback: unknown, supported: unknown): void {
    const value = this.#get(key, fallback)
    if (value === supported) return
    throw unsupported(`${this.#path}: ${key}`, `${describe(value)} is not ${JSON.stringify(supported)}`)
  }

  checkHeads(embd: number, heads: number): void {
    if (embd % heads !== 0) throw this.malformed('hidden_size', `a multiple of ${heads} heads`, embd)
  }

  checkGroups(embd: number): void {
    if (!hasGroups(embd)) throw this.malformed('hidden_size', 'a multiple of 4', embd)
  }

  #listOf(key: string, value: unknown, max: number): readonly number[] {
    const isSize = (size: unknown) =>
      Number.isInteger(size) && (size as number) >= 1 && (size as number) <= max
    if (Array.isArray(value) && value.length >= 1 && value.length <= MAX_LIST && value.every(isSize))
      return value
    throw this.malformed(key, `1 to ${MAX_LIST} whole numbers from 1 to ${max}`, value)
  }

  #get(key: string, fallback: unknown): unknown {
    return Object.hasOwn(this.#values, key) ? this.#values[key] : fallback
  }
}
