/**
 * Tables of options. A row declares an option once: its kind, its default and the line of its help. The types of the API, its
 * checks, the command line and the tests of the documents all read the same row.
 */
import { pick } from './check.js'
import { figure, type Kind } from './kinds.js'

export interface Option<Given = unknown, Read = unknown> {
  readonly kind: Kind<Given, Read>
  /** The value of an absent option. A row without a default gives undefined. */
  readonly default?: Read
  /** The default in words, where no single value says it. */
  readonly defaultText?: string
  /** An absent option is an error: `kind` reads undefined. */
  readonly required?: true
  /** The line of the command line's help, without range and default. An option without it has no flag. */
  readonly help?: string
  /** Name of the flag, where it is not the option's in kebab-case. */
  readonly flag?: string
  /** One letter for the flag. */
  readonly short?: string
}

export type Table = Readonly<Record<string, Option>>

/** What a caller may pass: every option may be absent. Doc comments of the table's rows are those of the properties. */
export type OptionsOf<T extends Table> = { -readonly [K in keyof T]?: GivenOf<T[K]> | undefined }

/** What the options are after checks and defaults. */
export type ValuesOf<T extends Table> = { readonly [K in keyof T]: ValueOf<T[K]> }

export type GivenOf<O> = O extends { kind: Kind<infer Given, infer _> } ? Given : never
type ReadOf<O> = O extends { kind: Kind<infer _, infer Read> } ? Read : never
type ValueOf<O> = O extends { default: unknown } | { required: true } ? ReadOf<O> : ReadOf<O> | undefined

/** Each default is a value of its row's kind. */
type Sound<T> = { [K in keyof T]: { default?: ReadOf<T[K]> } }

/** Declares a table. */
export function optionTable<const T extends Table>(table: T & Sound<T>): T {
  return table
}

/** Checks the names and the values of an options object and adds the defaults. */
export function readOptions<T extends Table>(table: T, value: unknown, name: string): ValuesOf<T> {
  return readGiven(table, pick(value, namesOf(table), name))
}

/** {@link readOptions} for an object whose names have been checked. */
export function readGiven<T extends Table>(table: T, given: Readonly<Record<string, unknown>>): ValuesOf<T> {
  const entries = Object.entries(table).map(([name, option]) => {
    const value = given[name]
    return [name, value === undefined && !option.required ? option.default : option.kind.read(value, name)]
  })
  return Object.fromEntries(entries) as ValuesOf<T>
}

/** The values of the rows that have a default. */
export function defaultsOf<T extends Table>(table: T): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(table).map(([name, option]) => [name, option.default]))
}

export function namesOf<T extends Table>(table: T): (keyof T & string)[] {
  return Object.keys(table)
}

/** The default of an option in words; undefined if there is none to state. */
export function defaultOf({ default: value, defaultText }: Option): string | undefined {
  if (defaultText !== undefined) return defaultText
  if (typeof value === 'number') return figure(value)
  return value === undefined || value === '' ? undefined : String(value)
}
