/** The command line's side of tables of options: the flags with their help, and the values that were given. */
import type { TextForm } from '../base/kinds.js'
import { defaultOf, type GivenOf, type Option, type Table } from '../base/options.js'
import { type Arguments, type Flag, type Flags, UsageError } from './command.js'

/** A longer list of words is left to the command's details. */
const listed = 6

/** The flags of the options that have a line of help. */
export function flagsOf(table: Table): Flags {
  return Object.fromEntries(
    flagged(table).map(({ name, option, text }): [string, Flag] => [
      name,
      {
        ...('value' in text && { value: text.value }),
        ...(text.as === 'strings' && { multiple: true }),
        ...(option.short !== undefined && { short: option.short }),
        help: helpLine(option, text),
        ...('words' in text && text.words && { words: Object.keys(text.words) }),
      },
    ]),
  )
}

/** The options that were given; absent ones are no properties. */
type Found<T extends Table> = { [K in keyof T]?: GivenOf<T[K]> }

/** The options among the given flags. Their ranges are left to the API, which checks them for every caller. */
export function readFlags<T extends Table>(args: Arguments, table: T): Found<T> {
  const found: Record<string, unknown> = {}
  for (const { path, name, text } of flagged(table)) {
    const value = readFlag(args, name, text)
    if (value === undefined) continue
    const [key, row] = path
    if (row === undefined) found[key] = value
    else if (isTable(found[key])) found[key] = { ...found[key], [row]: value }
    else throw new UsageError(`--${name} does not go with --${kebabCase(key)}`)
  }
  return found as Found<T>
}

/** Nothing yet, or options of an option that is a table itself. */
function isTable(value: unknown): value is Record<string, unknown> | undefined {
  return value === undefined || typeof value === 'object'
}

interface Flagged {
  /** The option, and its row if it is a table itself. */
  path: readonly [key: string, row?: string]
  name: string
  option: Option
  text: TextForm
}

function flagged(table: Table): Flagged[] {
  return Object.entries(table).flatMap(([key, option]): Flagged[] => {
    const { text } = option.kind
    if (option.help === undefined || !text) return []
    const own = { path: [key] as const, name: option.flag ?? kebabCase(key), option, text }
    if (text.as !== 'table') return [own]
    const { words, prefix } = text
    const rows = flagged(text.table).map((row): Flagged => {
      return { ...row, path: [key, row.path[0]], name: `${prefix}-${row.name}` }
    })
    return [...(words ? [{ ...own, text: { as: 'word', value: 'off', words } as const }] : []), ...rows]
  })
}

/** The line of help, with the range and the default. */
function helpLine(option: Option, text: TextForm): string {
  // What another call of the API says, such as `compat` of `load`, means nothing on a command line.
  const isElsewhere = option.defaultText?.includes('` of `')
  const stated = text.as === 'switch' || isElsewhere ? undefined : shownDefault(option, text)
  // A scaled number has another unit than the API's range.
  const isScaled = text.as === 'number' && text.scale !== undefined
  const range = isScaled ? undefined : (option.kind.range ?? wordList(text))
  const facts = [range, stated && `default: ${stated}`].filter(Boolean).join('; ')
  return `${option.help}${facts && ` (${facts})`}`.replaceAll('`', '')
}

function shownDefault(option: Option, text: TextForm): string | undefined {
  const word = text.as === 'word' && Object.entries(text.words).find(([, value]) => value === option.default)
  return word ? word[0] : defaultOf(option)
}

function wordList(text: TextForm): string | undefined {
  const words = text.as === 'word' ? Object.keys(text.words) : []
  if (words.length === 0 || words.length > listed) return undefined
  return words.length === 1 ? words[0] : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

function readFlag(args: Arguments, name: string, text: TextForm): unknown {
  switch (text.as) {
    case 'switch':
      return args.flag(name) || undefined
    case 'string':
      return args.text(name)
    case 'strings': {
      const values = args.texts(name)
      return values.length === 0 ? undefined : values
    }
    case 'word':
      return args.choice(name, text.words)
    case 'table':
      return undefined // its rows have flags of their own
    case 'numbers':
      return args.numbers(name)
    case 'number': {
      const word = args.text(name)
      if (word !== undefined && text.words && Object.hasOwn(text.words, word)) return text.words[word]
      const value = args.number(name)
      return value === undefined || text.scale === undefined ? value : Math.round(value * text.scale)
    }
  }
}

/** `'maxTokens'` as the command line spells it. */
function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
