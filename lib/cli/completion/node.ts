/** What the completion scripts are made of. */
import type { Flag, Flags } from '../command.js'

/** A place of a command line: behind `clvp` and these words. */
export interface Node {
  /** The words of the name; '' for the first place. */
  name: string
  /** What may follow, with a description. */
  words: readonly (readonly [word: string, description: string])[]
  flags: Flags
  args: string
}

/** A script's first words say where it comes from. */
export const origin = "made by 'clvp completion'; load it anew when clvp is updated"

/** '--out', '-o' */
export function spellings(name: string, { short }: Flag): string[] {
  return [...(short === undefined ? [] : [`-${short}`]), `--${name}`]
}

/** Values that are numbers, names and the like, which no shell can know. */
const unknowable = /^(N|X|R|MB|N,N|NAME|I\/N|URL|KEY|ID|ADDRESS|SECONDS|PATTERN=TYPE|FIELD=NAME)$/

/** Does the flag take a file or a folder? */
export function takesFile({ value, words }: Flag): boolean {
  return value !== undefined && words === undefined && !unknowable.test(value)
}

/** Does the command take a model, which may be the word demo? */
export function takesModel({ args }: Node): boolean {
  return /^(MODEL|A B$|IN\.gguf)/.test(args)
}
