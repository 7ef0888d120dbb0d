/**
 * Settings that are snake_case in a JSON file and camelCase in a class. One table holds the default and the check of each
 * setting for both.
 */
import { boolean, integer, number, oneOf, pick } from './check.js'
import { ClvpError, invalid } from './errors.js'
import { Float, frozenJson, isObject, type JsonObject } from './json.js'

export interface Field<T> {
  readonly fallback: T
  /** Returns the value, or throws an error that says what is wrong with it. */
  readonly read: (value: unknown, name: string) => T
  /** Python's type is float: whole numbers are also written with a decimal point, since Python refuses them without. */
  readonly isFloat?: boolean
}

export type Fields = Readonly<Record<string, Field<unknown>>>
export type Values<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never }
export type Options<F extends Fields> = { readonly [K in keyof F]?: Values<F>[K] | undefined }

const MAX_INTEGER = 2 ** 31 - 1
const MAX_CODES = 64

// --- kinds of fields -----------------------------------------------------------------------------------------------

/** A whole number. */
export function count(fallback: number, min = 1, max = MAX_INTEGER): Field<number> {
  return { fallback, read: (value, name) => integer(value, name, min, max) }
}

export function real(fallback: number, min = -Number.MAX_VALUE, max = Number.MAX_VALUE): Field<number> {
  return { fallback, read: (value, name) => number(value, name, min, max), isFloat: true }
}

/** A fraction from 0 to 1, such as a dropout. */
export const share = (fallback: number): Field<number> => real(fallback, 0, 1)

export function flag(fallback: boolean): Field<boolean> {
  return { fallback, read: boolean }
}

export function word(fallback: string): Field<string> {
  return { fallback, read: readWord }
}

export function choice<T extends string>(fallback: T, choices: readonly T[]): Field<T> {
  return { fallback, read: (value, name) => oneOf(value, name, choices) }
}

export function orNull<T>(field: Field<T>, fallback: T | null = null): Field<T | null> {
  return { ...field, fallback, read: (value, name) => (value === null ? null : field.read(value, name)) }
}

/** A token's id, or -1 or null for none. The vocabulary's size is not a limit: transformers only warns beyond it. */
export function tokenId(fallback: number | null): Field<number | null> {
  return orNull(count(0, -1), fallback)
}

/** One token id or several. */
export function tokenIds(fallback: number | null): Field<number | readonly number[] | null> {
  const read = (value: unknown, name: string) =>
    Array.isArray(value) ? readCodes(value, name) : tokenId(null).read(value, name)
  return { fallback, read }
}

/** A list of at least one code. */
export function codes(...fallback: number[]): Field<readonly number[]> {
  return { fallback: Object.freeze(fallback), read: readCodes }
}

export function words(): Field<readonly string[] | null> {
  const read = (value: unknown, name: string) => {
    if (value === null) return null
    if (!Array.isArray(value)) throw invalid('an array of strings or null', name, value)
    return Object.freeze(value.map((item, at) => readWord(item, `${name}[${at}]`)))
  }
  return { fallback: null, read }
}

function readWord(value: unknown, name: string): string {
  if (typeof value !== 'string' || value === '') throw invalid('a string that is not empty', name, value)
  return value
}

function readCodes(value: unknown, name: string): readonly number[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_CODES) {
    throw invalid(`an array of 1 to ${MAX_CODES} codes`, name, value)
  }
  return Object.freeze(value.map((code, at) => integer(code, `${name}[${at}]`, 0, MAX_INTEGER)))
}

// --- reading and writing -------------------------------------------------------------------------------------------

/** The content of a JSON file, for constructors that also take camelCase options. */
export class Dictionary {
  readonly entries: JsonObject

  constructor(entries: unknown) {
    if (!isObject(entries)) throw invalid('an object', 'dictionary', entries)
    this.entries = entries
  }
}

/** `'numMelAttnBlocks'` as transformers spells it. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** Reads all fields from camelCase options or from a dictionary. `extra` holds the dictionary's other entries. */
export function readFields<F extends Fields>(
  fields: F,
  given: unknown,
  derived: readonly string[] = [],
): { values: Values<F>; extra: JsonObject } {
  const names = Object.keys(fields)
  if (!(given instanceof Dictionary)) {
    return { values: readValues(fields, pick(given, names, 'options'), (name) => name), extra: {} }
  }
  const known = new Set([...names.map(snakeCase), ...derived])
  const rest = Object.entries(given.entries).filter(([key]) => !known.has(key))
  for (const [key] of rest) {
    if (!Object.hasOwn(fields, key)) continue
    const hint = `Expected snake_case names in a dictionary but received '${key}': write '${snakeCase(key)}'`
    throw new ClvpError('CLVP_INVALID_ARGUMENT', hint)
  }
  const extra = frozenJson(Object.fromEntries(rest), 'the dictionary') as JsonObject
  return { values: readValues(fields, given.entries, snakeCase), extra }
}

function readValues<F extends Fields>(
  fields: F,
  given: Readonly<Record<string, unknown>>,
  spell: (name: string) => string,
): Values<F> {
  const entries = Object.entries(fields).map(([name, field]) => {
    const key = spell(name)
    const value = Object.hasOwn(given, key) ? given[key] : undefined
    return [name, value === undefined ? field.fallback : field.read(value, key)]
  })
  return Object.fromEntries(entries) as Values<F>
}

/** Fields as a dictionary; `tagged` puts a {@link Float} where Python wants a float. */
export function writeFields<F extends Fields>(
  fields: F,
  values: Values<F>,
  tagged: boolean,
): Record<string, unknown> {
  const entries = Object.entries(fields).map(([name, { isFloat }]) => {
    const value = values[name as keyof F] as unknown
    return [snakeCase(name), tagged && isFloat ? tag(value) : value]
  })
  return Object.fromEntries(entries)
}

function tag(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(tag)
  return typeof value === 'number' ? new Float(value) : value
}
