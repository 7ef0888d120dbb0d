/** The messages between this process and a model's process (remote.ts, remote_process.ts). */
import { types } from 'node:util'
import type { NativeHooks } from '../addon/contract/drawing.js'
import type { NativeHeld } from '../addon/contract/files.js'
import type { KvType, NativeInfo, NativeLoadOptions, NativeSession } from '../addon/contract/session.js'
import { ClvpError } from '../base/errors.js'

export interface Start {
  file: string
  load: NativeLoadOptions
  threads: number
  kvType: KvType
}

/** The methods that a message may call. */
export type Method = keyof NativeSession
export type HookName = keyof NativeHooks

export type ToModel =
  | { kind: 'start'; start: Start }
  /** `hooks`: the names of the caller's hooks. */
  | { kind: 'call'; id: number; method: Method; args: unknown[]; hooks: HookName[] }
  /** The answer of a hook. */
  | { kind: 'reply'; reply: number; value: unknown }
  | { kind: 'cancel'; flag: number }
  | { kind: 'close' }
  | { kind: 'dispose' }

export type FromModel =
  | { kind: 'progress'; fraction: number }
  | { kind: 'started'; info: NativeInfo; values: Record<string, NativeHeld>; threads: number }
  | { kind: 'unstarted'; error: Failure }
  | { kind: 'value'; id: number; value: unknown }
  | { kind: 'error'; id: number; error: Failure }
  | { kind: 'hook'; id: number; hook: HookName; args: unknown[]; reply: number }

/** An error as plain data, since a structured clone of an error loses its code. */
export interface Failure {
  code: string | undefined
  message: string
}

export function failure(error: unknown): Failure {
  const { code, message } = error as { code?: unknown; message?: unknown }
  return { code: typeof code === 'string' ? code : undefined, message: String(message ?? error) }
}

export function failed({ code, message }: Failure): Error {
  return code?.startsWith('CLVP_') ? new ClvpError(code as ClvpError['code'], message) : new Error(message)
}

/** Stands for a call's abort flag in a message. */
export interface FlagPlace {
  flag: number
  aborted: boolean
}

export function isFlagPlace(value: unknown): value is FlagPlace {
  return typeof value === 'object' && value !== null && 'flag' in value
}

/** An object literal, of any realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/**
 * Converts a value for a message: numbers, strings, arrays and plain objects. Functions and signals are left out, since the
 * other side does not need them. Views of shared memory are copied, since a message cannot carry them. `place` may return
 * a replacement for an object.
 */
export function packed(value: unknown, place: (value: object) => unknown): unknown {
  if (typeof value === 'function') return undefined
  if (typeof value !== 'object' || value === null) return value
  const own = place(value)
  if (own !== undefined) return own
  if (ArrayBuffer.isView(value)) {
    return types.isSharedArrayBuffer(value.buffer) ? (value as Float32Array | Int32Array).slice() : value
  }
  if (Array.isArray(value)) return value.map((each) => packed(each, place))
  if (!isPlain(value)) return undefined
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, packed(each, place)]))
}
