/** Turns the words behind a command's name into its arguments. */
import { parseArgs } from 'node:util'
import { Arguments, type Flags, flagsIn, type Usage, UsageError } from './command.js'
import { suggestion } from './suggestion.js'

/** A flag that the command does not have. */
export class UnknownFlag extends UsageError {
  readonly flag: string
  /** What it may have been meant to be. */
  readonly guess: string | undefined

  /** @param raw as it was written: '--voices' */
  constructor(raw: string, flags: Flags) {
    const guess = raw.startsWith('--') ? suggestion(raw.slice(2), Object.keys(flags)) : undefined
    super(`there is no flag ${raw}${guess === undefined ? '' : `: did you mean --${guess}?`}`)
    this.flag = raw.replace(/^--?/, '')
    this.guess = guess
  }
}

/** @throws UsageError that says what is wrong and what would be right */
export function parse(usage: Usage, argv: readonly string[]): Arguments {
  const flags = flagsIn(usage)
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { value, multiple = false, short }]) => {
      const type = value === undefined ? ('boolean' as const) : ('string' as const)
      return [name, { type, multiple, ...(short !== undefined && { short }) }]
    }),
  )
  const config = { args: [...argv], options, allowPositionals: true, strict: false, tokens: true } as const
  const { positionals, values, tokens } = parseArgs(config)
  for (const token of tokens) if (token.kind === 'option') check(token, flags)
  const most = mostPositionals(usage)
  if (positionals.length > most && !values.help) {
    throw new UsageError(`'${positionals[most]}' is one argument too many`)
  }
  return new Arguments(positionals, values)
}

interface OptionToken {
  name: string
  rawName: string
  value: string | undefined
  inlineValue: boolean | undefined
}

function check({ name, rawName, value, inlineValue }: OptionToken, flags: Flags): void {
  const flag = Object.hasOwn(flags, name) ? flags[name] : undefined
  if (!flag) throw new UnknownFlag(rawName, flags)
  if (flag.value === undefined) {
    if (value !== undefined) throw new UsageError(`--${name} takes no value, but was given '${value}'`)
    return
  }
  if (value === undefined) throw new UsageError(`--${name} needs a value: --${name} ${flag.value}`)
  // A word that looks like a flag is more often a forgotten value than a value. A negative number is one.
  if (!inlineValue && /^-[^\d.]/.test(value)) {
    throw new UsageError(
      `--${name} needs a value, but '${value}' follows, which looks like a flag: write --${name}=${value} if it is the value`,
    )
  }
}

function mostPositionals({ args }: Usage): number {
  return args.endsWith('...') ? Number.POSITIVE_INFINITY : args.split(' ').filter(Boolean).length
}
