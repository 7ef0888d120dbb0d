/** Kinds of options: how a value is checked, which values are allowed, and how the command line reads one from a text. */
import * as check from './check.js'
import { invalid } from './errors.js'
import { limits } from './limits.js'
import type { Table } from './options.js'

/** How the command line reads a value. */
export type TextForm =
  /** No value: the flag itself means true. */
  | { readonly as: 'switch' }
  /** A number, multiplied by `scale`; or one of `words`, which stand for other values. */
  | { readonly as: 'number'; readonly value: string; readonly scale?: number; readonly words?: Words }
  /** Numbers separated by commas. */
  | { readonly as: 'numbers'; readonly value: string }
  | { readonly as: 'word'; readonly value: string; readonly words: Words }
  | { readonly as: 'string'; readonly value: string }
  /** A flag that may be repeated. */
  | { readonly as: 'strings'; readonly value: string }
  /** A flag for each row of a table; its name begins with `prefix`. With `words`, also a flag that sets the whole option. */
  | { readonly as: 'table'; readonly table: Table; readonly prefix: string; readonly words?: Words }

type Words = Readonly<Record<string, unknown>>

/** A kind of option. `Given` is what a caller may pass, `Read` what the check makes of it. */
export interface Kind<Given, Read = Given> {
  /** Exists only as a type. */
  readonly given?: Given
  /** Returns the checked value, or throws an error of the common shape. */
  readonly read: (value: unknown, name: string) => Read
  /** The allowed values, as in '1 to 512'. */
  readonly range?: string
  /** Absent for a value that cannot be written on a command line. */
  readonly text?: TextForm
}

/** A whole number. */
export interface IntegerKind extends Kind<number> {
  /** The same kind with another maximum, such as that of a model. */
  upTo(max: number): IntegerKind
}

/**
 * @param max a number, or words for a limit that depends on the model or on other options. Until {@link IntegerKind.upTo} replaces
 *   the words, every safe integer from `min` on passes.
 */
export function integer(min: number, max: number | string): IntegerKind {
  const most = typeof max === 'number' ? max : Number.MAX_SAFE_INTEGER
  return {
    read: (given, name) => check.integer(given, name, min, most),
    // Written when it is asked for: limits of a model make a kind for each call, and toLocaleString is slow.
    get range() {
      return `${figure(min)} to ${typeof max === 'number' ? figure(max) : max}`
    },
    text: { as: 'number', value: 'N' },
    upTo: (limit) => integer(min, limit),
  }
}

/** A number of CPU threads. */
export const threads: IntegerKind = integer(1, limits.threads)

/** A number within [min, max], or (min, max] with `above`. */
export function number(min: number, max: number, how: { above?: boolean } = {}): Kind<number> {
  return {
    read: (given, name) => check.number(given, name, min, max, how),
    range: `${how.above ? 'above ' : ''}${figure(min)} to ${figure(max)}`,
    text: { as: 'number', value: 'X' },
  }
}

/** A number of bytes; megabytes on the command line. */
export function bytes(): Kind<number> {
  return {
    read: (given, name) => check.integer(given, name, 1, Number.MAX_SAFE_INTEGER),
    range: '1 or more',
    text: { as: 'number', value: 'MB', scale: 1e6 },
  }
}

export function boolean(): Kind<boolean> {
  return { read: check.boolean, text: { as: 'switch' } }
}

/** A boolean that is true unless it is turned off. */
export function onByDefault(): Kind<boolean> {
  return { read: check.boolean, text: { as: 'word', value: 'on|off', words: { on: true, off: false } } }
}

/** One of several words. */
export function choice<const T extends string>(words: readonly T[], value = 'NAME'): Kind<T> {
  return {
    read: (given, name) => check.oneOf(given, name, words),
    text: { as: 'word', value, words: Object.fromEntries(words.map((word) => [word, word])) },
  }
}

/** A word, or a value of another kind: 'auto' or a number. */
export function either<W extends string | number, G, R>(word: W, kind: Kind<G, R>): Kind<W | G, W | R> {
  const { text } = kind
  const isWord = (given: unknown): given is W => given === word
  return {
    read: (given, name) => (isWord(given) ? word : kind.read(given, name)),
    ...(kind.range !== undefined && { range: kind.range }),
    ...(text && typeof word === 'string' && text.as === 'number'
      ? { text: { ...text, words: { ...text.words, [word]: word } } }
      : text && { text }),
  }
}

/** A list of at least one number, or of `least`. */
export function numbers(item: Kind<number>, least = 1): Kind<readonly number[]> {
  return {
    read: (given, name) => {
      if (!Array.isArray(given) || given.length < least) throw invalid('an array of numbers', name, given)
      return Array.from(given, (each: unknown, i) => item.read(each, `${name}[${i}]`))
    },
    get range() {
      return `each ${item.range}`
    },
    text: { as: 'numbers', value: 'N,N' },
  }
}

export function string(value = 'NAME'): Kind<string> {
  return { read: check.string, text: { as: 'string', value } }
}

/** A kind that checks values in a way of its own. */
export function custom<T>(read: (value: unknown, name: string) => T, text?: TextForm): Kind<T> {
  return { read, ...(text && { text }) }
}

/** A kind whose check makes another type of what a caller gives. */
export function converted<Given, Read>(read: (value: unknown, name: string) => Read): Kind<Given, Read> {
  return { read }
}

/** A function of the caller's. */
export function callback<F>(): Kind<F, F | undefined> {
  return { read: check.callback<F> }
}

export function abortSignal(): Kind<AbortSignal, AbortSignal | undefined> {
  return { read: check.abortSignal }
}

/** A number as documents print it. */
export function figure(value: number): string {
  if (value > 2 ** 52) return `2^53 - ${figure(2 ** 53 - value)}`
  if (value === 2 ** 31) return '2^31'
  if (value === 2 ** 31 - 1) return '2^31 - 1'
  return value.toLocaleString('en', { maximumFractionDigits: 20 })
}
