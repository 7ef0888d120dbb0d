/** What a command is, and what it is given. */

/** Wrong arguments on the command line: exit status 2. */
export class UsageError extends Error {}

export interface Flag {
  /** The placeholder of the value in the help; absent for a switch. */
  value?: string
  short?: string
  multiple?: boolean
  help: string
  /** The values that it takes, if they are words. */
  words?: readonly string[]
}

export type Flags = Readonly<Record<string, Flag>>

/** The headings of the help under which flags stand, in this order. */
export const groups = [
  'Input',
  'Voice',
  'Drawing',
  'Text',
  'Sound',
  'Run',
  'Network',
  'Limits',
  'Output',
  'Model',
  'Machine',
  'General',
] as const

export type Group = (typeof groups)[number]

export interface Context {
  /** Aborted by Ctrl-C. */
  signal: AbortSignal
  /** Shows the progress of a stage, and a note beside it, if stderr is a terminal. */
  progress(stage: string, fraction: number, note?: string): void
}

/** The output of a command: `text` for people, `json` for programs. */
export interface Output {
  text: string
  json: unknown
  /** The exit status; default 0. */
  status?: number
  /** stdout holds a sound: text and JSON go to stderr. */
  isSoundOnStdout?: boolean
  /** The command has printed its result itself. */
  isSilent?: boolean
  /** Lines for stderr: what the user should know although the command went well. */
  warnings?: readonly string[]
}

/** What the help and the parser know of a command. */
export interface Usage {
  /** Positional arguments, as shown in the help. */
  args: string
  /** Paragraphs, one a line; a line that begins with '- ' is an item of a list. */
  details?: string
  /** Lines for a shell, without 'clvp' and the command's name. */
  examples: readonly string[]
  flags: Readonly<Partial<Record<Group, Flags>>>
  /** The command has nothing to print as JSON: there is no --json. */
  isTextOnly?: true
}

export interface Command extends Usage {
  run(args: Arguments, context: Context): Promise<Output>
}

/** A command of another package, which reads the checked arguments itself and returns the exit status. */
export interface ForeignCommand extends Usage {
  runAlone(argv: readonly string[]): Promise<number>
}

export type AnyCommand = Command | ForeignCommand

/** Flags that every command has. */
const json: Flags = { json: { help: 'print JSON' } }
const help: Flags = { help: { short: 'h', help: 'print this help' } }

/** The groups of a command's flags that are not empty, in the order of {@link groups}. */
export function groupsOf({ flags, isTextOnly }: Usage): [group: Group, flags: Flags][] {
  const all = { ...flags, General: { ...flags.General, ...(isTextOnly ? {} : json), ...help } }
  return groups.flatMap((group): [Group, Flags][] => {
    const found = all[group]
    return found && Object.keys(found).length > 0 ? [[group, found]] : []
  })
}

/** All flags of a command. */
export function flagsIn(usage: Usage): Flags {
  return Object.assign({}, ...groupsOf(usage).map(([, flags]) => flags))
}

/** Parsed arguments, read by name with their types checked. */
export class Arguments {
  readonly positionals: readonly string[]
  readonly #values: Record<string, unknown>

  constructor(positionals: readonly string[], values: Record<string, unknown>) {
    this.positionals = positionals
    this.#values = values
  }

  /** The n-th positional argument. */
  positional(n: number, what: string): string {
    const value = this.positionals[n]
    if (value === undefined) throw new UsageError(`${what} is missing`)
    return value
  }

  /** Those of the named flags that were given. */
  given(names: readonly string[]): string[] {
    return names.filter((name) => this.#values[name] !== undefined)
  }

  flag(name: string): boolean {
    return this.#values[name] === true
  }

  text(name: string): string | undefined {
    return this.#values[name] as string | undefined
  }

  /** The value that the word after a flag stands for. */
  choice<T>(name: string, words: Readonly<Record<string, T>>): T | undefined {
    const word = this.text(name)
    if (word === undefined) return undefined
    if (Object.hasOwn(words, word)) return words[word]
    throw new UsageError(`--${name} takes one of ${Object.keys(words).join(', ')}, not '${word}'`)
  }

  texts(name: string): string[] {
    return (this.#values[name] ?? []) as string[]
  }

  number(name: string): number | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    const number = Number(value)
    if (!/^[-+]?[\d.]+(e[-+]?\d+)?$/i.test(value) || Number.isNaN(number))
      throw new UsageError(`--${name} takes a number, not '${value}'`)
    return number
  }

  /** Whole numbers separated by commas. */
  numbers(name: string): number[] | undefined {
    return this.text(name)
      ?.split(',')
      .map((each) => {
        if (/^\d+$/.test(each)) return Number(each)
        throw new UsageError(`--${name} takes whole numbers separated by commas, not '${each}'`)
      })
  }
}
