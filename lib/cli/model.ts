/** Loads the model that a command's first argument names, with the flags that all such commands share. */
import { sourceTable } from '../base/checkpoint_files.js'
import type { Table } from '../base/options.js'
import type { ClvpLoadOptions } from '../clvp/call_options.js'
import { Clvp } from '../clvp/clvp.js'
import { type LoadOptions, loadTable } from '../loading/load_options.js'
import type { Arguments, Context, Flags } from './command.js'
import { flagsOf, readFlags } from './flags.js'

const { device, threads, kvType, maxMemory, mmap, parts, type, revision } = loadTable

/** Which weights of a folder or hub id. */
export const modelFlags: Flags = flagsOf({ type, revision, ...sourceTable })
/** The same, where the user chooses the parts too. */
export const partFlags: Flags = { ...flagsOf({ parts }), ...modelFlags }
export const machineFlags: Flags = flagsOf({ device, threads, maxMemory, mmap })
/** The same for commands that draw. */
export const drawingMachineFlags: Flags = flagsOf({ device, threads, kvType, maxMemory, mmap })

/** 'demo' names the embedded model; './demo' is a folder of that name. */
export function isDemo(name: string): boolean {
  return name === 'demo'
}

/** The path of the model that an argument names. */
export function modelSource(name: string): string {
  return isDemo(name) ? Clvp.demo : name
}

/** The options of `Clvp.load` from the shared flags, or from those of `table`. */
export function readModelFlags(args: Arguments, context: Context, table: Table = loadTable): LoadOptions {
  return {
    ...readFlags(args, table),
    signal: context.signal,
    onProgress: ({ stage, fraction }) => context.progress(stage, fraction),
  }
}

/** @param options of `Clvp.load`, beyond the flags */
export async function withModel<T>(
  name: string,
  args: Arguments,
  context: Context,
  use: (clvp: Clvp) => Promise<T>,
  options: ClvpLoadOptions = {},
): Promise<T> {
  const clvp = await Clvp.load(modelSource(name), { ...readModelFlags(args, context), ...options })
  try {
    return await use(clvp)
  } finally {
    await clvp.dispose()
  }
}
