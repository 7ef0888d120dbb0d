/** Options of loading a model: their defaults and their check. */

import type { KvType } from '../addon/contract.js'
import { allParts, type Part, readParts } from '../addon/parts.js'
import { type ModelType, modelTypes } from '../addon/weight_types.js'
import { abortSignal, boolean, callback, integer, oneOf, pick, string } from '../base/check.js'
import { limits } from '../base/limits.js'
import { readRevision } from '../hub/id.js'
import { defaultMaxCalls } from '../session/gate.js'

/** How far a call has come. */
export interface Progress {
  /** 'download' only where files are fetched from the hub, 'convert' only where a checkpoint is converted. */
  stage: 'download' | 'convert' | 'load' | 'generate' | 'rank'
  /** Of the stage, 0 to 1; of a download, in bytes. 'generate' counts towards `maxTokens`, so it ends early when the candidates do. */
  fraction: number
}

export interface LoadOptions {
  /**
   * 'auto' (default): the first of `devices()` that has room; or 'cpu', 'cuda', 'metal', 'vulkan', one of several ('cuda:1'), or
   * a device's name or kind as `devices()` gives them. CLVP_DEVICE if it is not there or has no room: docs/devices.md.
   */
  device?: string | undefined
  /** The parts to load; default both. Calls that need another reject with CLVP_UNSUPPORTED: docs/small-machines.md. */
  parts?: readonly Part[] | undefined
  /**
   * Uses the file's pages as the weights instead of reading them into memory of their own; CPU only, default false. The file
   * must not change while it is loaded: a write to it changes the results, and cutting it ends the process.
   */
  mmap?: boolean | undefined
  /**
   * Runs the model in a process of its own; default false. Should that end, by a fault, a signal or for want of memory, this one goes on:
   * the calls it was busy with reject with CLVP_DEVICE, and the next starts another. What passes between the two is copied. Models do not
   * give pasts (`pastKeyValues`) then: docs/security.md.
   */
  isolate?: boolean | undefined
  /** Threads of the CPU, 1 to 512; default: the physical cores that the process may use. */
  threads?: number | undefined
  /**
   * Of the decoder's keys and values while candidates are drawn. 'auto' (default): F32 for an F32 model, else F16. 'q8_0' takes half
   * of F16's memory, and needs the CPU and heads of a multiple of 32.
   */
  kvType?: KvType | undefined
  /**
   * For a folder or a hub id: the type its weights are converted to (default 'f16'); 'auto' takes one that suits the device and the
   * memory: docs/performance.md. For a .gguf file: must be its own, or 'auto' for any.
   */
  type?: ModelType | 'auto' | undefined
  /**
   * Bytes that the model and any call may take at most, 1 or more; default: no limit. `info.estimateMemory` tells what that is: Node
   * itself, which has some 60 MB, does not count. transformers' classes look at the weights alone.
   */
  maxMemory?: number | undefined
  /**
   * Calls that may run and wait at a time, 1 to 1,000,000; default 1,024. One more is refused at once with CLVP_BUSY: a server then tells
   * its caller to come back, instead of keeping ever more of them waiting.
   */
  maxCalls?: number | undefined
  /** For a hub id only: a branch, a tag or a commit; default 'main'. */
  revision?: string | undefined
  /** Called on the JavaScript thread; it must not throw. */
  onProgress?: ((progress: Progress) => void) | undefined
  /** Stops the load with CLVP_ABORTED. */
  signal?: AbortSignal | undefined
}

const loadNames = [
  'device',
  'threads',
  'kvType',
  'type',
  'maxMemory',
  'revision',
  'parts',
  'mmap',
  'isolate',
  'maxCalls',
  'onProgress',
  'signal',
] as const

export function readLoadOptions(value: unknown) {
  const given = pick(value, loadNames, 'options')
  return {
    device: given.device === undefined ? 'auto' : string(given.device, 'device'),
    threads: given.threads === undefined ? 0 : integer(given.threads, 'threads', 1, limits.threads),
    kvType: given.kvType === undefined ? 'auto' : oneOf(given.kvType, 'kvType', kvTypes),
    type: given.type === undefined ? undefined : oneOf(given.type, 'type', [...modelTypes, 'auto'] as const),
    maxMemory: readMaxMemory(given.maxMemory),
    revision: given.revision === undefined ? undefined : readRevision(given.revision),
    parts: given.parts === undefined ? allParts : readParts(given.parts),
    mmap: given.mmap === undefined ? false : boolean(given.mmap, 'mmap'),
    isolate: given.isolate === undefined ? false : boolean(given.isolate, 'isolate'),
    maxCalls:
      given.maxCalls === undefined ? defaultMaxCalls : integer(given.maxCalls, 'maxCalls', 1, 1_000_000),
    onProgress: callback<(progress: Progress) => void>(given.onProgress, 'onProgress'),
    signal: abortSignal(given.signal, 'signal'),
  }
}

export function readMaxMemory(value: unknown): number | undefined {
  return value === undefined ? undefined : integer(value, 'maxMemory', 1, Number.MAX_SAFE_INTEGER)
}

export const kvTypes: readonly KvType[] = ['auto', 'f32', 'f16', 'q8_0']
