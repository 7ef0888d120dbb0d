// The help of every command, as it is laid out for a terminal.
import { entries, families } from '../../dist/lib/cli/catalogue.js'
import { helpOf } from '../../dist/lib/cli/help.js'
import { familyHelp, overview } from '../../dist/lib/cli/overview.js'
import { terminalOf } from '../../dist/lib/cli/terminal.js'

const terminal = (columns, colours) => terminalOf({ isTTY: true, columns, hasColors: () => colours })

/** Terminals by the names of their golden files. */
export const terminals = {
  'help-80': terminal(80, false),
  'help-80-colour': terminal(80, true),
  'help-200': terminal(200, false),
  'help-200-colour': terminal(200, true),
}

/** Commands with the same flags as another one: `batch submit` has those of `batch`, and a golden file need not repeat them. */
const alike = /^batch (submit )?(score|embed|encode)$|^batch submit speak$/

/** Colours are the same everywhere. */
const coloured = ['', 'cache', 'explain']

/** @returns the help of each command, by its name; that of all commands under '' */
export async function helps(terminal) {
  const loaded = entries.map(async ({ name, summary, load }) => [
    name,
    helpOf(name, summary, await load(), terminal),
  ])
  const whole = Object.keys(families).map((name) => [name, familyHelp(name, terminal)])
  return Object.fromEntries([['', overview(terminal)], ...whole, ...(await Promise.all(loaded))])
}

/** What a golden file holds of it. */
export function recorded(found, { isColoured }) {
  return Object.entries(found)
    .filter(([name]) => (isColoured ? coloured.includes(name) : !alike.test(name)))
    .map(([name, text]) => `$ ${['clvp', name, '--help'].filter(Boolean).join(' ')}\n${text}`)
    .join('\n')
}
