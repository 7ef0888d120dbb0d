/** What a process and the one that runs its model tell each other (remote.ts, remote_process.ts). */
import type {
  KvType,
  NativeHeld,
  NativeHooks,
  NativeInfo,
  NativeLoadOptions,
  NativeSession,
} from '../addon/contract.js'
import { ClvpError } from '../base/errors.js'

export interface Start {
  file: string
  load: NativeLoadOptions
  threads: number
  kvType: KvType
}

/** What can be asked for. */
export type Method = keyof NativeSession
export type HookName = keyof NativeHooks

export type ToModel =
  | { kind: 'start'; start: Start }
  /** `hooks`: those that the caller has. */
  | { kind: 'call'; id: number; method: Method; args: unknown[]; hooks: HookName[] }
  /** An answer to a hook. */
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

/** An error: structured clones of errors lose their codes. */
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

/** A call's flag, as its place in a message. */
export interface FlagPlace {
  flag: number
  aborted: boolean
}

export function isFlagPlace(value: unknown): value is FlagPlace {
  return typeof value === 'object' && value !== null && 'flag' in value
}

/**
 * A value as a message can carry it: numbers, texts, arrays and plain objects. Functions and signals are left out, which the other side has
 * no use for; views of shared memory are copied, which a message cannot carry. `place` takes what has a form of its own.
 */
export function packed(value: unknown, place: (value: object) => unknown): unknown {
  if (typeof value === 'function') return undefined
  if (typeof value !== 'object' || value === null) return value
  const own = place(value)
  if (own !== undefined) return own
  if (ArrayBuffer.isView(value)) {
    return value.buffer instanceof SharedArrayBuffer ? (value as Float32Array | Int32Array).slice() : value
  }
  if (Array.isArray(value)) return value.map((each) => packed(each, place))
  if (Object.getPrototypeOf(value) !== Object.prototype) return undefined
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, packed(each, place)]))
}
