/** The options of loading a model, with their defaults and checks. */

import type { KvType } from '../addon/contract.js'
import { allParts, type Part, readParts } from '../addon/parts.js'
import { type ModelType, modelTypes } from '../addon/weight_types.js'
import { abortSignal, boolean, callback, integer, oneOf, pick, string } from '../base/check.js'
import { readSourceFiles, type SourceFiles, sourceFileOptions } from '../base/checkpoint_files.js'
import { limits } from '../base/limits.js'
import { readRevision } from '../hub/id.js'
import { defaultMaxCalls } from '../session/gate.js'

/** The progress of a call. */
export interface Progress {
  /** 'download' only where files are fetched from the hub, 'convert' only where a checkpoint is converted. */
  stage: 'download' | 'convert' | 'load' | 'generate' | 'rank'
  /**
   * Finished part of the stage, 0 to 1; a download counts bytes. 'generate' counts codes towards `maxTokens`, so it ends early if
   * the candidates do.
   */
  fraction: number
}

export interface LoadOptions extends SourceFiles {
  /**
   * 'auto' (default): the first of `devices()` that has room; or 'cpu', 'cuda', 'metal', 'vulkan', one of several ('cuda:1'), or
   * a device's name or kind as `devices()` lists them. CLVP_DEVICE if it is missing or has too little memory: docs/devices.md.
   */
  device?: string | undefined
  /** The parts to load; default both. Calls that need another reject with CLVP_UNSUPPORTED: docs/small-machines.md. */
  parts?: readonly Part[] | undefined
  /**
   * Maps the file into memory instead of reading the weights; CPU only, default false. The file must not change while the
   * model is loaded: writing to it changes the results, and truncating it ends the process.
   */
  mmap?: boolean | undefined
  /**
   * Runs the model in a separate process; default false. If that process crashes, is killed or runs out of memory, this one
   * continues: the pending calls reject with CLVP_DEVICE, and the next call starts another process. Arguments and results are
   * copied between the two. Models then return no pasts (`pastKeyValues`): docs/security.md.
   */
  isolate?: boolean | undefined
  /** CPU threads, 1 to 512; default: the physical cores that the process may use. */
  threads?: number | undefined
  /**
   * Type of the decoder's keys and values while candidates are drawn. 'auto' (default): F32 for an F32 model, otherwise F16.
   * 'q8_0' takes half the memory of F16, runs on the CPU only, and needs a head size that is a multiple of 32.
   */
  kvType?: KvType | undefined
  /**
   * For a folder or a hub id: the type that the weights are converted to (default 'f16'); 'auto' chooses one that suits the
   * device and the memory: docs/performance.md. For a .gguf file: its own type, or 'auto' for any.
   */
  type?: ModelType | 'auto' | undefined
  /**
   * Most bytes that the model and any call may take, 1 or more; default: no limit. `info.estimateMemory` estimates a call's
   * memory; Node's own 60 MB or so do not count. transformers' classes limit the weights alone.
   */
  maxMemory?: number | undefined
  /**
   * Most calls that may run or wait at the same time, 1 to 1,000,000; default 1,024. Further calls are refused at once with
   * CLVP_BUSY, so that a server can ask its clients to retry instead of queueing without bound.
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
  ...sourceFileOptions,
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
    files: readSourceFiles(given),
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
