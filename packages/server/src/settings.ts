/** What the server can be told, by flags and by environment variables: one row of a table for each setting. */
import { basename } from 'node:path'
import { parseArgs } from 'node:util'

/** A wrong flag or variable. */
export class UsageError extends Error {}

interface Row<T> {
  /** The placeholder of the value in the help; absent for a switch. */
  readonly value?: string
  readonly help: string
  /** The values that it takes, if they are words. */
  readonly words?: readonly string[]
  readonly isList?: true
  /** @param given the words of the flag or the variable; none if it is absent */
  read(given: readonly string[], name: string): T
}

function whole(least: number, most: number, initial: number, help: string, value = 'N'): Row<number> {
  return {
    value,
    help: `${help} (${least} to ${most}; default: ${initial})`,
    read([word], name) {
      if (word === undefined) return initial
      const number = Number(word)
      if (/^\d+$/.test(word) && number >= least && number <= most) return number
      throw new UsageError(
        `Expected a whole number from ${least} to ${most} for ${name} but received '${word}'`,
      )
    },
  }
}

function text(help: string, value: string): Row<string | undefined> {
  return { value, help, read: ([word]) => word }
}

function list(help: string, value: string): Row<readonly string[]> {
  return { value, help, isList: true, read: (words) => words }
}

function toggle(help: string): Row<boolean> {
  return {
    help,
    read([word], name) {
      if (word === undefined || word === 'false' || word === '0') return false
      if (word === 'true' || word === '1') return true
      throw new UsageError(`Expected true or false for ${name} but received '${word}'`)
    },
  }
}

function choice<const T extends string>(words: readonly T[], initial: T, help: string): Row<T> {
  return {
    value: 'WORD',
    help: `${help}: ${words.join(', ')} (default: ${initial})`,
    words,
    read([word = initial], name) {
      const found = words.find((each) => each === word)
      if (found) return found
      throw new UsageError(`Expected one of ${words.join(', ')} for ${name} but received '${word}'`)
    },
  }
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'silent'] as const

/** The settings under the headings of the help. */
const tables = {
  Voice: {
    voices: text(
      'folder of voices: saved voices (.json), clips, folders of clips; uploads are kept in it',
      'DIR',
    ),
    'default-voice': text(
      "the voice that OpenAI's names, such as alloy, stand for (default: the first)",
      'ID',
    ),
  },
  Network: {
    host: {
      ...text('address to listen on (default: 127.0.0.1)', 'ADDRESS'),
      read: ([word = '127.0.0.1']: readonly string[]) => word,
    },
    port: whole(0, 65_535, 8080, 'port to listen on; 0: any free one'),
    'api-key': list('a key that clients must send, repeatable; separated by commas in the variable', 'KEY'),
    'open-lists': toggle('list models and voices without a key, as Open WebUI asks for them'),
  },
  Limits: {
    concurrency: whole(1, 1024, 4, 'requests that are worked on at the same time'),
    queue: whole(0, 100_000, 64, 'requests that may wait; further ones are answered with 429'),
    candidates: whole(1, 65_536, 16, 'candidates to draw for speech, if the request does not say'),
    'max-candidates': whole(1, 65_536, 256, 'most candidates of a request'),
    'max-text': whole(1, 1_000_000, 4096, 'most characters of a text'),
    'max-body': whole(1, 1024, 8, 'most megabytes of a JSON body', 'MB'),
    'max-upload': whole(1, 1024, 25, 'most megabytes of an uploaded recording', 'MB'),
    'max-voices': whole(1, 1_000_000, 1000, 'most voices that uploads may make'),
    'job-seconds': whole(1, 86_400, 600, 'longest time for the work of a request'),
    'reader-seconds': whole(1, 3600, 30, 'longest time that a client may leave a stream unread'),
    'stall-seconds': whole(1, 3600, 60, 'not ready if a running request makes no progress for so long'),
    'drain-seconds': whole(0, 3600, 30, 'longest time to finish requests after SIGTERM'),
    'idle-unload': whole(0, 1_000_000, 0, 'unload a model after so many idle seconds; 0: never', 'SECONDS'),
  },
  Output: {
    'log-level': choice(logLevels, 'info', 'what is logged, as JSON on stderr'),
    'log-texts': toggle('log the texts of requests'),
  },
  Machine: {
    device: text("device to compute on, as 'clvp devices' lists them", 'NAME'),
    threads: whole(0, 512, 0, 'CPU threads; 0: the physical cores'),
    'max-memory': whole(0, 100_000_000, 0, 'memory limit of a model and its calls; 0: none', 'MB'),
    isolate: toggle('run each model in a process of its own, whose end does not end the server'),
  },
  General: { json: toggle('print JSON') },
} as const satisfies Record<string, Record<string, Row<unknown>>>

const table = {
  ...tables.Voice,
  ...tables.Network,
  ...tables.Limits,
  ...tables.Output,
  ...tables.Machine,
  ...tables.General,
}

type Name = keyof typeof table
type CamelCase<S extends string> = S extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S

/** A model that is offered: its name in requests, and what Clvp.load() takes. */
export interface ModelSource {
  name: string
  source: string
}

/** All settings, by the flags' names in camelCase. */
export type Settings = { -readonly [K in Name as CamelCase<K>]: ReturnType<(typeof table)[K]['read']> } & {
  models: readonly ModelSource[]
}

const camelCase = (name: string) => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
const variableOf = (name: string) => `CLVP_SERVE_${name.toUpperCase().replaceAll('-', '_')}`

/**
 * Reads the arguments behind `clvp serve`, and the environment for those that are absent.
 *
 * @throws UsageError
 */
export function readSettings(argv: readonly string[], env: NodeJS.ProcessEnv): Settings {
  const { positionals, values: given } = parse(argv)
  const settings = Object.fromEntries(
    Object.entries<Row<unknown>>(table).map(([name, row]) => {
      const flag = given[name]
      const variable = env[variableOf(name)]
      if (flag !== undefined) return [camelCase(name), row.read([flag].flat().map(String), `--${name}`)]
      const words =
        variable === undefined || variable === '' ? [] : row.isList ? variable.split(',') : [variable]
      return [camelCase(name), row.read(words, variableOf(name))]
    }),
  )
  const sources = positionals.length > 0 ? positionals : (env.CLVP_SERVE_MODEL?.split(',') ?? [])
  return { ...settings, models: readModels(sources) } as unknown as Settings
}

function parse(argv: readonly string[]): {
  positionals: readonly string[]
  values: Readonly<Record<string, unknown>>
} {
  const flags = Object.entries<Row<unknown>>(table).map(([name, { value, isList = false }]) => {
    return [name, { type: value ? ('string' as const) : ('boolean' as const), multiple: isList }] as const
  })
  const options = Object.fromEntries(flags)
  const parsed = parseArgs({ args: [...argv], options, allowPositionals: true, strict: false, tokens: true })
  for (const token of parsed.tokens) {
    if (token.kind !== 'option') continue
    const row: Row<unknown> | undefined = Object.hasOwn(table, token.name)
      ? table[token.name as Name]
      : undefined
    if (!row) throw new UsageError(`Expected a flag of clvp serve but received '${token.rawName}'`)
    if ((row.value === undefined) === (token.value === undefined)) continue
    throw new UsageError(
      row.value === undefined
        ? `Expected no value for ${token.rawName} but received '${token.value}'`
        : `Expected a value for ${token.rawName} but received none`,
    )
  }
  return parsed
}

function readModels(sources: readonly string[]): ModelSource[] {
  if (sources.length === 0) {
    throw new UsageError("MODEL is missing: name a model file, a folder with a checkpoint, or 'demo'")
  }
  const models = sources.map((given) => {
    const [, name, source] = /^([\w.-]+)=(.+)$/.exec(given) ?? [undefined, undefined, given]
    return { name: name ?? basename(source!).replace(/\.gguf$/, ''), source: source! }
  })
  const twice = models.find(({ name }, i) => models.findIndex((each) => each.name === name) < i)
  if (twice) throw new UsageError(`Two models have the name '${twice.name}': write NAME=MODEL`)
  return models
}

/** What the help and the shells' completion tell of `clvp serve`: the flags are those of the settings. */
export const usage = {
  args: 'MODEL...',
  details:
    "MODEL is a .gguf file, a folder with a checkpoint, an id on the hub, or 'demo'; NAME=MODEL gives it a name. The first one is the default.\n" +
    `Each option is also an environment variable: --max-text is ${variableOf('max-text')}. CLVP_SERVE_MODEL names the models.`,
  examples: ['demo', 'speaking.gguf --voices voices --host 0.0.0.0 --api-key secret'],
  flags: Object.fromEntries(Object.entries(tables).map(([title, rows]) => [title, flagsOf(rows)])),
}

function flagsOf(rows: Readonly<Record<string, Row<unknown>>>) {
  return Object.fromEntries(
    Object.entries(rows).map(([name, { value, help, words, isList }]) => {
      return [name, { value, help, words, multiple: isList }] as const
    }),
  )
}
