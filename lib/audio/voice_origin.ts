/** What a voice was made of: plain data, which a saved voice keeps. */
import { number } from '../base/check.js'
import { ClvpError, describe, invalid } from '../base/errors.js'
import { isObject } from '../base/json.js'

/** What identifies a model: `info.id` and `info.name`. */
export interface ModelIdentity {
  id: string
  name: string
}

/** A clip that a voice was made of. */
export interface VoiceClip {
  /** The file's name without its folder, or the argument's name for bytes and samples. */
  name: string
  /** Length, up to the ten minutes that are read. */
  seconds: number
  /** The windows that the model heard, in seconds. */
  windows: readonly { start: number; end: number }[]
  /** What was odd about its file, which was read all the same; absent if nothing was. */
  odd?: string
}

/** What a voice was made of. Empty for a voice from an older file or from a bare vector. */
export interface VoiceOrigin {
  /** The model that made it. Absent if that is unknown, or if its file has no checksums. */
  model?: ModelIdentity
  clips?: readonly VoiceClip[]
  /** Which windows were taken; see VoiceOptions. */
  windows?: 'all' | 'first' | 'random'
  /** The seed of random windows. */
  seed?: number
  /** Of a mix: its voices, with weights that sum to 1. */
  parts?: readonly { weight: number; clips: number; origin: VoiceOrigin }[]
}

const mostDepth = 32

/** Checks and copies an origin that came from outside. */
export function readOrigin(value: unknown, name = 'origin', depth = 0): VoiceOrigin {
  if (depth > mostDepth) throw invalid(`mixes of mixes at most ${mostDepth} deep`, name, value)
  const held = object(value, name)
  const { model, clips, windows, seed, parts } = held
  return {
    ...(model !== undefined && { model: readModel(model, `${name}.model`) }),
    ...(clips !== undefined && { clips: list(clips, `${name}.clips`).map(readClip(`${name}.clips`)) }),
    ...(windows !== undefined && { windows: readWindows(windows, `${name}.windows`) }),
    ...(seed !== undefined && { seed: amount(seed, `${name}.seed`) }),
    ...(parts !== undefined && {
      parts: list(parts, `${name}.parts`).map((part, i) => {
        const at = `${name}.parts[${i}]`
        const { weight, clips: count, origin } = object(part, at)
        return {
          weight: amount(weight, `${at}.weight`),
          clips: amount(count, `${at}.clips`),
          origin: readOrigin(origin, `${at}.origin`, depth + 1),
        }
      }),
    }),
  }
}

/**
 * Refuses a voice of another model than `mine`. Passes if either is unknown.
 *
 * @throws ClvpError CLVP_INVALID_ARGUMENT that names both models
 */
export function requireModel(
  theirs: ModelIdentity | undefined,
  mine: ModelIdentity | undefined,
  name: string,
): void {
  if (!theirs || !mine || theirs.id === mine.id) return
  const [wanted, got] = [mine, theirs].map(({ id, name: called }) =>
    `${describe(called)} (${id})`.replace(' of type string', ''),
  )
  throw new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected a voice of the model ${wanted} for ${name} but received one of ${got}: make it again from its clips`,
  )
}

function readModel(value: unknown, at: string): ModelIdentity {
  const { id, name } = object(value, at)
  return { id: text(id, `${at}.id`), name: text(name, `${at}.name`) }
}

const readClip =
  (of: string) =>
  (value: unknown, i: number): VoiceClip => {
    const at = `${of}[${i}]`
    const { name, seconds, windows, odd } = object(value, at)
    return {
      name: text(name, `${at}.name`),
      seconds: amount(seconds, `${at}.seconds`),
      windows: list(windows, `${at}.windows`).map((each, k) => {
        const { start, end } = object(each, `${at}.windows[${k}]`)
        return {
          start: amount(start, `${at}.windows[${k}].start`),
          end: amount(end, `${at}.windows[${k}].end`),
        }
      }),
      ...(odd !== undefined && { odd: text(odd, `${at}.odd`) }),
    }
  }

function readWindows(value: unknown, at: string): 'all' | 'first' | 'random' {
  if (value === 'all' || value === 'first' || value === 'random') return value
  throw invalid("'all', 'first' or 'random'", at, value)
}

function object(value: unknown, at: string): Record<string, unknown> {
  if (!isObject(value)) throw invalid('an object', at, value)
  return value
}

function list(value: unknown, at: string): unknown[] {
  if (!Array.isArray(value)) throw invalid('an array', at, value)
  return value
}

function text(value: unknown, at: string): string {
  if (typeof value !== 'string') throw invalid('a string', at, value)
  return value
}

const amount = (value: unknown, at: string) => number(value, at, 0, Number.MAX_SAFE_INTEGER)
