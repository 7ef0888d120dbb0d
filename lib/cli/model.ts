/** Loads the model that a command's first argument names, with the flags that all such commands share. */
import { readParts } from '../addon/parts.js'
import { modelTypes } from '../addon/weight_types.js'
import { Clvp } from '../clvp/clvp.js'
import { kvTypes, type LoadOptions } from '../loading/load_options.js'
import type { Arguments, Context, Flag } from './command.js'
import { readSourceFileFlags, sourceFileFlags } from './source_files.js'

export const modelFlags: Record<string, Flag> = {
  device: { value: 'NAME', help: "device to compute on, as 'clvp devices' lists them (default: auto)" },
  threads: { value: 'N', help: 'CPU threads (default: the physical cores)' },
  'kv-type': {
    value: 'TYPE',
    help: 'type of keys and values: f32, f16, q8_0 (half the memory of f16) or auto (default)',
  },
  type: {
    value: 'TYPE',
    help: "type to convert a folder to: see 'clvp convert --help', or auto (default: f16)",
  },
  'max-memory': {
    value: 'MB',
    help: 'memory limit: decode fewer together, or refuse the call (default: no limit)',
  },
  part: {
    value: 'NAME',
    multiple: true,
    help: 'load only this part, decoder or ranker; repeatable (default: both)',
  },
  mmap: { help: 'map the model file into memory; the file must not change meanwhile' },
  revision: { value: 'R', help: 'branch, tag or commit of a model on the hub (default: main)' },
  ...sourceFileFlags,
}

/** 'demo' names the embedded model; './demo' is a folder of that name. */
export function isDemo(name: string): boolean {
  return name === 'demo'
}

/** The path of the model that an argument names. */
export function modelSource(name: string): string {
  return isDemo(name) ? Clvp.demo : name
}

/** The options of `Clvp.load` from the shared flags. */
export function readModelFlags(args: Arguments, context: Context): LoadOptions {
  return { ...readSourceFlags(args, context), ...args.numbers({ threads: 'threads' }) }
}

/** readModelFlags() without the threads. */
export function readSourceFlags(args: Arguments, context: Context): LoadOptions {
  const type = args.choice('type', [...modelTypes, 'auto'])
  const kvType = args.choice('kv-type', kvTypes)
  const device = args.text('device')
  const revision = args.text('revision')
  const parts = args.texts('part')
  const megabytes = args.number('max-memory')
  return {
    ...(device !== undefined && { device }),
    ...(kvType !== undefined && { kvType }),
    ...(type !== undefined && { type }),
    ...(parts.length > 0 && { parts: readParts(parts) }),
    ...(args.flag('mmap') && { mmap: true }),
    ...(revision !== undefined && { revision }),
    ...readSourceFileFlags(args),
    ...(megabytes !== undefined && { maxMemory: Math.round(megabytes * 1e6) }),
    signal: context.signal,
    onProgress: ({ stage, fraction }) => context.progress(stage, fraction),
  }
}

export async function withModel<T>(
  name: string,
  args: Arguments,
  context: Context,
  use: (clvp: Clvp) => Promise<T>,
): Promise<T> {
  const clvp = await Clvp.load(modelSource(name), readModelFlags(args, context))
  try {
    return await use(clvp)
  } finally {
    await clvp.dispose()
  }
}
