#!/usr/bin/env node
import { ClvpError } from '../base/errors.js'
/** The command line: `clvp COMMAND ...`. Results on stdout, progress and errors on stderr. */
import { packageVersion } from '../base/package_root.js'
import { type Command, type ForeignCommand, helpOf, parse, UsageError } from './command.js'
import { batchCommands } from './commands/batch.js'
import { bench } from './commands/bench.js'
import { build } from './commands/build.js'
import { cacheCommands } from './commands/cache.js'
import { calibrate } from './commands/calibrate.js'
import { compare } from './commands/compare.js'
import { convert } from './commands/convert.js'
import { devices, doctor } from './commands/doctor.js'
import { embed } from './commands/embed.js'
import { explain } from './commands/explain.js'
import { generate } from './commands/generate.js'
import { inspect } from './commands/inspect.js'
import { preview } from './commands/preview.js'
import { pull } from './commands/pull.js'
import { quantize } from './commands/quantize.js'
import { rank } from './commands/rank.js'
import { score } from './commands/score.js'
import { serve } from './commands/serve.js'
import { speak } from './commands/speak.js'
import { verify } from './commands/verify.js'
import { voice } from './commands/voice.js'
import { ProgressBar } from './progress.js'

type AnyCommand = Command | ForeignCommand

const commands: readonly AnyCommand[] = [
  speak,
  serve,
  generate,
  preview,
  rank,
  score,
  embed,
  explain,
  voice,
  ...batchCommands,
  pull,
  ...cacheCommands,
  convert,
  quantize,
  verify,
  calibrate,
  compare,
  inspect,
  bench,
  devices,
  doctor,
  build,
]

/** Most words of a command's name. */
const mostWords = 3

/** Exit statuses as shells report them: 128 + the signal's number. */
const stops = { SIGINT: 130, SIGTERM: 143 } as const

/** The exit status of a command that was stopped. */
let stopped = 1

function overview(): string {
  return (
    'Usage: clvp COMMAND [options]\n\nSpeaks a text in a cloned voice: draws candidates, ranks them, and makes sound of the best.\n\n' +
    `${list(commands)}'clvp COMMAND --help' describes a command; 'clvp --version' prints the version.\n`
  )
}

function list(shown: readonly AnyCommand[]): string {
  const width = Math.max(...shown.map(({ name }) => name.length))
  const lines = shown.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`)
  return `Commands:\n${lines.join('\n')}\n\n`
}

async function runCommand(command: AnyCommand, argv: string[]): Promise<number> {
  if ('runAlone' in command) return command.runAlone(argv)
  const maxPositionals = command.args.endsWith('...')
    ? Number.POSITIVE_INFINITY
    : command.args.split(' ').filter(Boolean).length
  const args = parse(command, argv, maxPositionals)
  if (args.flag('help')) {
    process.stdout.write(helpOf(command))
    return 0
  }
  const abort = new AbortController()
  const bar = new ProgressBar()
  // The first Ctrl-C (or SIGTERM) aborts the command; the second ends the process as usual.
  for (const [signal, status] of Object.entries(stops)) {
    process.once(signal, () => {
      stopped = status
      abort.abort()
    })
  }
  try {
    const progress = (...now: Parameters<ProgressBar['update']>) => bar.update(...now)
    const output = await command.run(args, { signal: abort.signal, progress })
    bar.stop()
    for (const warning of output.warnings ?? []) process.stderr.write(`clvp: ${warning}\n`)
    if (output.isSilent) return output.status ?? 0
    const stream = output.isSoundOnStdout ? process.stderr : process.stdout
    stream.write(`${args.flag('json') ? JSON.stringify(output.json) : output.text}\n`)
    return output.status ?? 0
  } finally {
    bar.stop()
  }
}

/** The command that the arguments begin with, and the arguments behind it. Its name may have several words. */
function findCommand(words: readonly string[]): [AnyCommand | undefined, string[]] {
  for (let count = mostWords; count >= 1; count--) {
    const name = words.slice(0, count).join(' ')
    const found = commands.find((each) => each.name === name)
    if (found) return [found, words.slice(count)]
  }
  return [undefined, []]
}

/** The commands whose names begin with the first words, as many as there are such commands for. */
function familyOf(words: readonly string[]): { words: number; commands: readonly AnyCommand[] } {
  for (let count = mostWords; count >= 1; count--) {
    if (words.length < count) continue
    const start = `${words.slice(0, count).join(' ')} `
    const found = commands.filter((each) => each.name.startsWith(start))
    if (found.length > 0) return { words: count, commands: found }
  }
  return { words: 0, commands: [] }
}

function unknown(words: readonly string[]): string {
  const family = familyOf(words)
  const shown = words.slice(0, Math.max(1, family.words)).join(' ')
  if (family.words === 0) return `there is no command '${shown}'`
  const next = [...new Set(family.commands.map((each) => each.name.split(' ')[family.words]))]
  return `'${shown}' is followed by one of ${next.join(', ')}, not '${words[family.words] ?? ''}'`
}

async function main([name, ...rest]: string[]): Promise<number> {
  if (name === '--version') {
    process.stdout.write(`${packageVersion()}\n`)
    return 0
  }
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(overview())
    return name === undefined ? 2 : 0
  }
  const words = [name, ...rest]
  const family = familyOf(words)
  const next = words[family.words]
  if (family.commands.length > 0 && [undefined, '--help', '-h'].includes(next)) {
    const shown = words.slice(0, family.words).join(' ')
    process.stdout.write(`Usage: clvp ${shown} COMMAND [options]\n\n${list(family.commands)}`)
    return next === undefined ? 2 : 0
  }
  const [command, argv] = findCommand(words)
  try {
    if (!command) throw new UsageError(unknown(words))
    return await runCommand(command, argv)
  } catch (error) {
    return report(error, command)
  }
}

function report(error: unknown, command: AnyCommand | undefined): number {
  if (error instanceof UsageError) {
    const help = command ? `clvp ${command.name} --help` : 'clvp --help'
    process.stderr.write(`clvp: ${error.message}\nSee '${help}'.\n`)
    return 2
  }
  if (error instanceof ClvpError) {
    if (error.code === 'CLVP_ABORTED') return stopped
    process.stderr.write(`clvp: ${error.message} (${error.code})\n`)
    return error.code === 'CLVP_INVALID_ARGUMENT' ? 2 : 1
  }
  process.stderr.write(`clvp: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  return 1
}

// A reader that closes the pipe early, such as `head`, is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

process.exitCode = await main(process.argv.slice(2))
