#!/usr/bin/env node
/** The command line: `clvp COMMAND ...`. Results on stdout, progress and errors on stderr. */
import { ClvpError } from '../base/errors.js'
import { packageVersion } from '../base/package_root.js'
import { type Entry, entries, familyOf, findEntry, membersOf } from './catalogue.js'
import { type Arguments, type Command, type Context, flagsIn, UsageError } from './command.js'
import { helpOf } from './help.js'
import { familyHelp, overview } from './overview.js'
import { parse, UnknownFlag } from './parser.js'
import { suggestion } from './suggestion.js'
import { paint, type Style, terminalOf } from './terminal.js'

/** Exit statuses as shells report them: 128 + the signal's number. */
const stops = { SIGINT: 130, SIGTERM: 143 } as const

/** The exit status of a command that was stopped. */
let stopped = 1

const isHelp = (word: string | undefined) => word === '--help' || word === '-h'

async function run({ name, summary, load }: Entry, argv: readonly string[]): Promise<number> {
  const command = await load()
  const args = parse(command, argv)
  if (args.flag('help')) {
    process.stdout.write(helpOf(name, summary, command, terminalOf(process.stdout)))
    return 0
  }
  return 'runAlone' in command ? command.runAlone(argv) : runHere(command, args)
}

async function runHere(command: Command, args: Arguments): Promise<number> {
  const abort = new AbortController()
  // The first Ctrl-C (or SIGTERM) aborts the command; the second ends the process as usual.
  for (const [signal, status] of Object.entries(stops)) {
    process.once(signal, () => {
      stopped = status
      abort.abort()
    })
  }
  const { ProgressBar } = await import('./progress.js')
  const bar = new ProgressBar()
  try {
    const progress: Context['progress'] = (...now) => bar.update(...now)
    const output = await command.run(args, { signal: abort.signal, progress })
    bar.stop()
    for (const warning of output.warnings ?? []) tell('yellow', warning)
    if (output.isSilent) return output.status ?? 0
    const stream = output.isSoundOnStdout ? process.stderr : process.stdout
    stream.write(`${args.flag('json') ? JSON.stringify(output.json) : output.text}\n`)
    return output.status ?? 0
  } finally {
    bar.stop()
  }
}

/** A line on stderr. */
function tell(style: Style, text: string): void {
  process.stderr.write(`${paint(style, 'clvp:', terminalOf(process.stderr))} ${text}\n`)
}

function unknown(words: readonly string[]): UsageError {
  const family = familyOf(words)
  const next = family === '' ? words[0]! : (words[family.split(' ').length] ?? '')
  const known = membersOf(family).map(([word]) => word)
  const guess = suggestion(next, known)
  const advice = guess === undefined ? '' : `: did you mean '${family && `${family} `}${guess}'?`
  if (family === '') return new UsageError(`there is no command '${next}'${advice}`)
  return new UsageError(`'${family}' is followed by one of ${known.join(', ')}, not '${next}'${advice}`)
}

/** Tells which other commands have a flag that this one does not have. */
async function refused(error: UnknownFlag, { name }: Entry): Promise<string> {
  const owners: string[] = []
  for (const entry of entries) {
    const command = await entry.load().catch(() => undefined) // its package may not be installed
    if (command && error.flag.length > 1 && Object.hasOwn(flagsIn(command), error.flag))
      owners.push(entry.name)
  }
  if (owners.length === 0) return error.message
  const more = owners.length > 3 ? ' and others' : ''
  return `'clvp ${name}' has no use for --${error.flag}, a flag of ${owners
    .slice(0, 3)
    .map((each) => `'clvp ${each}'`)
    .join(', ')}${more}: ${error.guess === undefined ? 'leave it out' : `did you mean --${error.guess}?`}`
}

async function main(words: string[]): Promise<number> {
  const [first, second] = words
  if (first === '--version') {
    process.stdout.write(`${packageVersion()}\n`)
    return 0
  }
  if (first === 'help' && second !== undefined) return main([...words.slice(1), '--help'])
  if (first === undefined || first === 'help' || isHelp(first)) {
    process.stdout.write(overview(terminalOf(process.stdout)))
    return first === undefined ? 2 : 0
  }
  const family = familyOf(words)
  const next = words[family === '' ? 0 : family.split(' ').length]
  if (family !== '' && (next === undefined || isHelp(next))) {
    process.stdout.write(familyHelp(family, terminalOf(process.stdout)))
    return next === undefined ? 2 : 0
  }
  const found = findEntry(words)
  try {
    if (!found) throw unknown(words)
    return await run(found.entry, found.argv)
  } catch (error) {
    return report(error, found?.entry)
  }
}

async function report(error: unknown, entry: Entry | undefined): Promise<number> {
  if (error instanceof UsageError) {
    const help = entry ? `clvp ${entry.name} --help` : 'clvp --help'
    const message = error instanceof UnknownFlag && entry ? await refused(error, entry) : error.message
    tell('red', `${message}\nSee '${help}'.`)
    return 2
  }
  if (error instanceof ClvpError) {
    if (error.code === 'CLVP_ABORTED') return stopped
    tell('red', `${error.message} (${error.code})`)
    return error.code === 'CLVP_INVALID_ARGUMENT' ? 2 : 1
  }
  tell('red', error instanceof Error ? (error.stack ?? error.message) : String(error))
  return 1
}

// A reader that closes the pipe early, such as `head`, is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

process.exitCode = await main(process.argv.slice(2))
