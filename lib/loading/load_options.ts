/** The options of loading a model, with their defaults and checks. */

import type { KvType } from '../addon/contract/session.js'
import { allParts, type Parts, readParts } from '../addon/parts.js'
import { modelTypes } from '../addon/weight_types.js'
import { sourceFilesOf, sourceTable } from '../base/checkpoint_files.js'
import {
  abortSignal,
  boolean,
  bytes,
  callback,
  choice,
  custom,
  integer,
  string,
  threads,
} from '../base/kinds.js'
import { type OptionsOf, optionTable, readOptions } from '../base/options.js'
import { readRevision } from '../hub/id.js'
import { defaultMaxCalls } from '../session/gate.js'

/** The progress of a call. */
export interface Progress {
  /** 'download' only where files are fetched from the hub, 'convert' only where a checkpoint is converted. */
  stage: 'download' | 'convert' | 'load' | 'generate' | 'rank' | 'latents'
  /**
   * Finished part of the stage, 0 to 1, which never falls; a download counts bytes. 'generate' counts the candidates that have ended,
   * and of the others the part of the length that they will probably have: as the text suggests, then as those that have ended.
   */
  fraction: number
}

export const kvTypes: readonly KvType[] = ['auto', 'f32', 'f16', 'q8_0']

export const loadTable = optionTable({
  /**
   * 'auto' (default): the first of `devices()` that has room; or 'cpu', 'cuda', 'metal', 'vulkan', one of several ('cuda:1'), or
   * a device's name or kind as `devices()` lists them. CLVP_DEVICE if it is missing or has too little memory: docs/devices.md.
   */
  device: {
    kind: string(),
    default: 'auto',
    help: "device to compute on, as 'clvp devices' lists them",
  },
  /** CPU threads, 1 to 512; default: the physical cores that the process may use. */
  threads: { kind: threads, defaultText: 'the physical cores', help: 'CPU threads' },
  /**
   * Type of the decoder's keys and values while candidates are drawn. 'auto' (default): F32 for an F32 model, otherwise F16.
   * 'q8_0' takes half the memory of F16, runs on the CPU only, and needs a head size that is a multiple of 32.
   */
  kvType: {
    kind: choice(kvTypes, 'TYPE'),
    default: 'auto',
    help: 'type of keys and values; q8_0 takes half the memory of f16',
  },
  /**
   * For a folder or a hub id: the type that the weights are converted to (default 'f16'); 'auto' chooses one that suits the
   * device and the memory: docs/performance.md. For a .gguf file: its own type, or 'auto' for any.
   */
  type: {
    kind: choice([...modelTypes, 'auto'], 'TYPE'),
    defaultText: 'f16',
    help: "type to convert a folder to: see 'clvp convert --help', or auto",
  },
  /**
   * Most bytes that the model and any call may take, 1 or more; default: no limit. `info.estimateMemory` estimates a call's
   * memory; Node's own 60 MB or so do not count. transformers' classes and SpeechModel limit the weights alone.
   */
  maxMemory: {
    kind: bytes(),
    defaultText: 'no limit',
    help: 'memory limit in megabytes: decode fewer together, or refuse the call',
  },
  /** For a hub id only: a branch, a tag or a commit; default 'main'. */
  revision: {
    kind: custom(readRevision, { as: 'string', value: 'R' }),
    defaultText: 'main',
    help: 'branch, tag or commit of a model on the hub',
  },
  ...sourceTable,
  /**
   * The parts to load; default: all that the file has. Calls that need another reject with CLVP_UNSUPPORTED. 'auto': each part is loaded when a
   * call needs it, in place of the part before it. Calls of different parts wait for each other: docs/small-machines.md.
   */
  parts: {
    kind: custom<Parts>(readParts, { as: 'strings', value: 'NAME' }),
    default: allParts,
    defaultText: 'all that the file has',
    help: 'load only this part: decoder, ranker, encoder, hifigan, diffusion, vocoder or random; repeatable; or auto: one at a time',
    flag: 'part',
  },
  /**
   * Maps the file into memory instead of reading the weights; CPU only, default false. The file must not change while the
   * model is loaded: writing to it changes the results, and truncating it ends the process.
   */
  mmap: {
    kind: boolean(),
    default: false,
    help: 'map the model file into memory; the file must not change meanwhile',
  },
  /**
   * Runs the model in a separate process; default false. If that process crashes, is killed or runs out of memory, this one
   * continues: the pending calls reject with CLVP_DEVICE, and the next call starts another process. Arguments and results are
   * copied between the two. Models then return no pasts (`pastKeyValues`): docs/security.md.
   */
  isolate: { kind: boolean(), default: false },
  /**
   * Most calls that may run or wait at the same time, 1 to 1,000,000; default 1,024. Further calls are refused at once with
   * CLVP_BUSY, so that a server can ask its clients to retry instead of queueing without bound.
   */
  maxCalls: { kind: integer(1, 1_000_000), default: defaultMaxCalls },
  /** Called on the JavaScript thread; it must not throw. */
  onProgress: { kind: callback<(progress: Progress) => void>() },
  /** Stops the load with CLVP_ABORTED. */
  signal: { kind: abortSignal() },
})

/** Options of loading a model. */
export interface LoadOptions extends OptionsOf<typeof loadTable> {}

/** Reads the options of loading. 0 threads stand for the physical cores. */
export function readLoadOptions(value: unknown) {
  const given = readOptions(loadTable, value, 'options')
  const { threads = 0, ...options } = given
  return { ...options, threads, files: sourceFilesOf(given) }
}
