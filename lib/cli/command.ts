/** The definition of a command, the parser of its arguments, and the text of its help. */
import { type ParseArgsConfig, parseArgs } from 'node:util'

/** Wrong arguments on the command line: exit status 2. */
export class UsageError extends Error {}

export interface Flag {
  /** The placeholder of the value in the help; absent for a switch. */
  value?: string
  short?: string
  multiple?: boolean
  help: string
}

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

export interface Command {
  name: string
  /** Positional arguments, as shown in the help. */
  args: string
  summary: string
  details?: string
  flags: Record<string, Flag>
  run(args: Arguments, context: Context): Promise<Output>
}

/** A command of another package, which reads its own arguments and returns the exit status. */
export interface ForeignCommand {
  name: string
  summary: string
  runAlone(argv: readonly string[]): Promise<number>
}

/** Lines of the help are at most this long. */
const columns = 110

const common: Record<string, Flag> = {
  json: { help: 'print JSON' },
  help: { short: 'h', help: 'print this help' },
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

export function parse(command: Command, argv: string[], maxPositionals: number): Arguments {
  const options: ParseArgsConfig['options'] = {}
  for (const [name, flag] of Object.entries({ ...command.flags, ...common })) {
    options[name] = {
      type: flag.value ? 'string' : 'boolean',
      multiple: flag.multiple ?? false,
      ...(flag.short && { short: flag.short }),
    }
  }
  try {
    const { positionals, values } = parseArgs({ args: argv, options, allowPositionals: true })
    if (positionals.length > maxPositionals && !values.help) {
      throw new UsageError(`'${positionals[maxPositionals]}' is one argument too many`)
    }
    return new Arguments(positionals, values)
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError((error as Error).message)
  }
}

export function helpOf(command: Command): string {
  const rows = Object.entries({ ...command.flags, ...common }).map(([name, flag]) => {
    const left = `${flag.short ? `-${flag.short}, ` : ''}--${name}${flag.value ? ` ${flag.value}` : ''}`
    return [left, flag.help] as const
  })
  const width = Math.max(...rows.map(([left]) => left.length))
  const lines = rows.map(
    ([left, help]) =>
      `  ${left.padEnd(width)}  ${wrap(help, columns - width - 4).join(`\n${' '.repeat(width + 4)}`)}`,
  )
  const details = command.details ? `\n${command.details}\n` : ''
  const usage = `clvp ${command.name} ${command.args}`.trim()
  return `Usage: ${usage} [options]\n\n${command.summary}.\n${details}\nOptions:\n${lines.join('\n')}\n`
}

/** Breaks a text between words into lines of at most `width` characters, where its words allow it. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}
