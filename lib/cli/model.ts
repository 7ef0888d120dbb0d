/** Loads the model that a command's first argument names, with the flags that all such commands share. */
import type { Table } from '../base/options.js'
import type { ClvpLoadOptions } from '../clvp/call_options.js'
import { Clvp } from '../clvp/clvp.js'
import { type LoadOptions, loadTable } from '../loading/load_options.js'
import type { Arguments, Context } from './command.js'
import { flagsOf, readFlags } from './flags.js'

export const modelFlags = flagsOf(loadTable)

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

/** @param options of `Clvp.load`, beyond the shared flags */
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
