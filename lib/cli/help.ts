/** The texts of `--help`, laid out for a terminal. */
import { type Flag, groupsOf, type Usage } from './command.js'
import { paint, type Style, type Terminal, wrap } from './terminal.js'

/** The help of a command. */
export function helpOf(name: string, summary: string, usage: Usage, terminal: Terminal): string {
  const call = ['clvp', name, usage.args].filter(Boolean).join(' ')
  const parts = [
    `${paint('bold', 'Usage:', terminal)} ${hanging(`${call} [options]`, 7, terminal)}`,
    paragraphs(`${summary}.`, terminal),
  ]
  if (usage.details !== undefined) parts.push(paragraphs(usage.details, terminal))
  const lines = usage.examples.map((line) => `  clvp ${name}${line && ` ${line}`}`)
  if (lines.length > 0) parts.push(section('Examples', lines, terminal))
  const groups = groupsOf(usage)
  const width = leftWidth(
    groups.flatMap(([, flags]) => Object.entries(flags).map(([flag, row]) => flagText(flag, row))),
    terminal,
  )
  for (const [title, flags] of groups) {
    const rows = Object.entries(flags).map(([flag, row]) => [flagText(flag, row), row.help] as const)
    const heading = groups.length === 1 ? 'Options' : title
    parts.push(section(heading, columnsOf(rows, width, 'cyan', terminal), terminal))
  }
  return `${parts.join('\n\n')}\n`
}

/** A list of commands under a heading. */
export interface CommandList {
  title: string
  rows: readonly (readonly [name: string, summary: string])[]
}

/** The help of all commands, or of those with the same first words. */
export function overviewOf(
  {
    usage,
    intro,
    examples = [],
    lists,
    end,
  }: {
    usage: string
    intro: string
    examples?: readonly string[]
    lists: readonly CommandList[]
    end: string
  },
  terminal: Terminal,
): string {
  const width = leftWidth(
    lists.flatMap(({ rows }) => rows.map(([name]) => name)),
    terminal,
  )
  const parts = [`${paint('bold', 'Usage:', terminal)} ${usage}`, paragraphs(intro, terminal)]
  if (examples.length > 0) {
    parts.push(
      section(
        'Examples',
        examples.map((line) => `  ${line}`),
        terminal,
      ),
    )
  }
  for (const { title, rows } of lists) {
    parts.push(section(title, columnsOf(rows, width, 'cyan', terminal), terminal))
  }
  return `${[...parts, paragraphs(end, terminal)].join('\n\n')}\n`
}

function section(title: string, lines: readonly string[], terminal: Terminal): string {
  return [paint('bold', `${title}:`, terminal), ...lines].join('\n')
}

function flagText(name: string, { short, value }: Flag): string {
  return `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`
}

/** Names that are wider than this share of a line have their text below. */
const leftShare = 0.42

function leftWidth(names: readonly string[], { columns }: Terminal): number {
  const most = Math.floor(columns * leftShare)
  return Math.max(...names.map(({ length }) => length).filter((length) => length <= most))
}

/** Names with their texts beside them. */
function columnsOf(
  rows: readonly (readonly [name: string, text: string])[],
  width: number,
  style: Style,
  terminal: Terminal,
): string[] {
  const indent = ' '.repeat(width + 4)
  return rows.flatMap(([name, text]) => {
    const [first, ...rest] = wrap(text, terminal.columns - indent.length)
    const shown = `  ${paint(style, name, terminal)}`
    const below = rest.map((line) => indent + line)
    if (name.length > width) return [shown, indent + first, ...below]
    return [`${shown}${' '.repeat(width - name.length)}  ${first}`, ...below]
  })
}

function paragraphs(text: string, terminal: Terminal): string {
  return text
    .split('\n')
    .map((line) =>
      line.startsWith('- ') ? `- ${hanging(line.slice(2), 2, terminal)}` : hanging(line, 0, terminal),
    )
    .join('\n')
}

/** Lines behind something that is `indent` characters wide. */
function hanging(text: string, indent: number, { columns }: Terminal): string {
  return wrap(text, columns - indent).join(`\n${' '.repeat(indent)}`)
}
