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
  /** Shows the progress of a stage, if stderr is a terminal. */
  progress(stage: string, fraction: number): void
}

/** The output of a command: `text` for people, `json` for programs. */
export interface Output {
  text: string
  json: unknown
  /** The exit status; default 0. */
  status?: number
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

  /** The value of a flag that accepts one of `choices`. */
  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.text(name)
    const found = choices.find((choice) => choice === value)
    if (value !== undefined && found === undefined) {
      throw new UsageError(`--${name} takes one of ${choices.join(', ')}, not '${value}'`)
    }
    return found
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

  /** The numbers among the named flags that were given, under the API's camelCase names. */
  numbers<K extends string>(flags: Record<string, K>): Partial<Record<K, number>> {
    const found: Partial<Record<K, number>> = {}
    for (const [flag, key] of Object.entries(flags)) {
      const value = this.number(flag)
      if (value !== undefined) found[key as K] = value
    }
    return found
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
  const lines = rows.map(([left, help]) => `  ${left.padEnd(width)}  ${help}`)
  const details = command.details ? `\n${command.details}\n` : ''
  const usage = `clvp ${command.name} ${command.args}`.trim()
  return `Usage: ${usage} [options]\n\n${command.summary}.\n${details}\nOptions:\n${lines.join('\n')}\n`
}
