/**
 * Argument checks: each helper checks one value and returns it, or throws an error whose message has the common shape.
 * Options objects are copied once, own properties only; an unknown name is an error.
 */
import { ClvpError, invalid } from './errors.js'

/** Copies an options object after checking that every name in it is known. `undefined` counts as absent. */
export function pick<K extends string>(
  value: unknown,
  known: readonly K[],
  name: string,
): Partial<Record<K, unknown>> {
  if (value === undefined) return Object.create(null)
  if (value === null || typeof value !== 'object' || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw invalid('an object', name, value)
  }
  // Without a prototype, so that properties of Object.prototype do not count as options.
  const picked: Partial<Record<K, unknown>> = Object.create(null)
  for (const key of Object.keys(value)) {
    if (!known.includes(key as K)) {
      throw new ClvpError(
        'CLVP_INVALID_ARGUMENT',
        `Expected only known names in ${name} but received '${key}'. Known are: ${known.join(', ')}`,
      )
    }
    const held = (value as Record<string, unknown>)[key]
    if (held !== undefined) picked[key as K] = held
  }
  return picked
}

export function integer(value: unknown, name: string, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw invalid(`an integer from ${min} to ${max}`, name, value)
  }
  return value
}

/** A number within [min, max], or (min, max] with `above`. */
export function number(
  value: unknown,
  name: string,
  min: number,
  max: number,
  { above = false } = {},
): number {
  // The core computes in single precision, where the smallest doubles are 0.
  const low = typeof value === 'number' && (above ? Math.fround(value) > min : value >= min)
  if (!low || !(value <= max)) {
    throw invalid(`a number ${above ? 'above' : 'from'} ${min} to ${max}`, name, value)
  }
  return value
}

export function boolean(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') throw invalid('a boolean', name, value)
  return value
}

export function string(value: unknown, name: string): string {
  if (typeof value !== 'string') throw invalid('a string', name, value)
  return value
}

/** A file's path: a non-empty string without NUL, which no system accepts. */
export function path(value: unknown, name: string): string {
  if (typeof value !== 'string' || value === '' || value.includes('\0')) {
    throw invalid('a path (a non-empty string)', name, value)
  }
  return value
}

export function oneOf<T extends string>(value: unknown, name: string, choices: readonly T[]): T {
  if (!choices.includes(value as T)) {
    throw invalid(`one of ${choices.map((choice) => `'${choice}'`).join(', ')}`, name, value)
  }
  return value as T
}

export function callback<F>(value: unknown, name: string): F | undefined {
  if (value !== undefined && typeof value !== 'function') throw invalid('a function', name, value)
  return value as F | undefined
}

export function abortSignal(value: unknown, name: string): AbortSignal | undefined {
  if (value === undefined || isSignal(value)) return value
  throw invalid('an AbortSignal', name, value)
}

/** Of any realm. An object that has only the prototype of an AbortSignal is not one: its getter throws. */
function isSignal(value: unknown): value is AbortSignal {
  try {
    const { aborted, addEventListener } = value as AbortSignal
    const isTagged = Object.prototype.toString.call(value) === '[object AbortSignal]'
    return isTagged && typeof aborted === 'boolean' && typeof addEventListener === 'function'
  } catch {
    return false
  }
}

export function flag<K extends string>(
  given: Partial<Record<K, unknown>>,
  name: K,
  fallback = false,
): boolean {
  const value: unknown = given[name]
  return value === undefined ? fallback : boolean(value, name)
}
