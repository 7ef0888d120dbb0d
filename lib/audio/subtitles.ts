/** Subtitles of a sound, as SubRip text (.srt). */
import { integer, number, pick } from '../base/check.js'
import { invalid } from '../base/errors.js'

/** A part of a text, and when it is spoken. */
export interface SpokenPart {
  text: string
  /** In seconds, 0 to 359,999. */
  start: number
  /** In seconds, from `start` on. */
  end: number
}

/** Options of toSrt(). */
export interface SubtitleOptions {
  /** Most characters of a line, 10 to 200; default 42. A longer word has a line of its own. */
  lineLength?: number | undefined
}

/** Lines that are shown together. */
const linesTogether = 2
/** SubRip has two digits for hours. */
const mostSeconds = 359_999

/**
 * Subtitles of parts that follow each other. Text is wrapped into lines, and at most two are shown
 * together: a longer part becomes several subtitles, each for a share of the part's time by its characters,
 * as it is not known when each word is spoken.
 *
 * @example
 * ```js
 * await writeFile('hello.srt', toSrt([{ text: 'Hello world.', start: 0, end: 1.2 }]))
 * ```
 *
 * @returns text for a file in UTF-8
 * @throws ClvpError CLVP_INVALID_ARGUMENT, also for a part that starts before the one before it
 */
export function toSrt(parts: readonly SpokenPart[], options: SubtitleOptions = {}): string {
  const { lineLength = 42 } = pick(options, ['lineLength'], 'options')
  const columns = integer(lineLength, 'lineLength', 10, 200)
  if (!Array.isArray(parts)) throw invalid('an array of parts', 'parts', parts)
  let last = 0
  const read = Array.from(parts, (part: unknown, i) => {
    const checked = readPart(part, `parts[${i}]`, last)
    last = checked.start
    return checked
  })
  return read
    .flatMap((part) => cuesOf(part, columns))
    .map(({ lines, start, end }, i) => `${i + 1}\n${clock(start)} --> ${clock(end)}\n${lines.join('\n')}\n`)
    .join('\n')
}

interface Cue {
  lines: string[]
  start: number
  end: number
}

function readPart(value: unknown, name: string, earliest: number): SpokenPart {
  const { text, start, end } = pick(value, ['text', 'start', 'end'], name)
  // A line break or a blank line within the text would end the subtitle.
  const plain = typeof text === 'string' ? text.replace(/[\s\p{Cc}]+/gu, ' ').trim() : ''
  if (typeof text !== 'string' || plain === '')
    throw invalid('a text with more than spaces', `${name}.text`, text)
  const from = number(start, `${name}.start`, earliest, mostSeconds)
  return { text: plain.toWellFormed(), start: from, end: number(end, `${name}.end`, from, mostSeconds) }
}

function cuesOf({ text, start, end }: SpokenPart, columns: number): Cue[] {
  const lines = wrap(text, columns)
  const total = lengthOf(lines)
  const timeAfter = (count: number) => start + ((end - start) * lengthOf(lines.slice(0, count))) / total
  return Array.from({ length: Math.ceil(lines.length / linesTogether) }, (_, i) => ({
    lines: lines.slice(i * linesTogether, (i + 1) * linesTogether),
    start: timeAfter(i * linesTogether),
    end: timeAfter((i + 1) * linesTogether),
  }))
}

/** Lines of at most `columns` characters, broken at spaces. */
function wrap(text: string, columns: number): string[] {
  const lines: string[] = []
  let [line, length] = ['', 0]
  for (const word of text.split(' ')) {
    const own = [...word].length
    if (length > 0 && length + 1 + own > columns) {
      lines.push(line)
      line = ''
      length = 0
    }
    line += length > 0 ? ` ${word}` : word
    length += length > 0 ? 1 + own : own
  }
  return [...lines, line]
}

function lengthOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.length, 0)
}

/** A time as SubRip writes it: 01:02:03,456. */
function clock(seconds: number): string {
  const ms = Math.round(seconds * 1000)
  const digits = (value: number, count: number) => String(Math.floor(value)).padStart(count, '0')
  const fields = [ms / 3_600_000, (ms / 60_000) % 60, (ms / 1000) % 60].map((value) => digits(value, 2))
  return `${fields.join(':')},${digits(ms % 1000, 3)}`
}
