/** What a stream shows: how many columns, and whether colours. */
import { styleText } from 'node:util'

export interface Terminal {
  columns: number
  isColoured: boolean
}

/** Longer lines are hard to read, however wide the terminal is. */
const mostColumns = 100
const fewestColumns = 40

/** Where it cannot be told, as in a pipe. */
const usualColumns = 80

/** Colours are for terminals; NO_COLOR and TERM=dumb turn them off. */
export function terminalOf(stream: NodeJS.WriteStream): Terminal {
  const columns = stream.isTTY ? stream.columns || usualColumns : usualColumns
  return {
    columns: Math.min(mostColumns, Math.max(fewestColumns, columns)),
    isColoured: stream.isTTY === true && stream.hasColors(),
  }
}

export type Style = 'bold' | 'cyan' | 'red' | 'yellow'

export function paint(style: Style, text: string, { isColoured }: Pick<Terminal, 'isColoured'>): string {
  return isColoured ? styleText(style, text, { validateStream: false }) : text
}

/** Breaks a text between words into lines of at most `width` characters. A longer word has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}
