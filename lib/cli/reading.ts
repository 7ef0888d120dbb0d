/** The flags of commands that read a text, and what they tell about it. */
import { readingTable } from '../clvp/call_options.js'
import type { Clvp } from '../clvp/clvp.js'
import type { DroppedText } from '../text/reading/traced_text.js'
import type { Explanation } from '../text/text.js'
import type { Arguments } from './command.js'
import { flagsOf, readFlags } from './flags.js'

export const readingFlags = flagsOf(readingTable)

/** A longer list of dropped characters is cut. */
const most = 10

/** The options of a call that takes a text. */
export function readReadingFlags(args: Arguments) {
  return readFlags(args, readingTable)
}

export function describeDropped(dropped: readonly DroppedText[]): string {
  const shown = dropped.slice(0, most).map(({ text, index }) => `${JSON.stringify(text)} at ${index}`)
  return shown.join(', ') + (dropped.length > most ? ` and ${dropped.length - most} more` : '')
}

type ReadWords = Pick<Explanation, 'dropped' | 'unknownWords'>

export function describeWords(words: readonly string[]): string {
  return words.slice(0, most).join(', ') + (words.length > most ? ` and ${words.length - most} more` : '')
}

function unknownWarnings(words: readonly string[]): string[] {
  return words.length === 0 ? [] : [`the model has not learned, and may garble: ${describeWords(words)}`]
}

function droppedWarnings(dropped: readonly DroppedText[]): string[] {
  return dropped.length === 0
    ? []
    : [`not spoken, since the vocabulary cannot write it: ${describeDropped(dropped)}`]
}

/** What the user should know of how a text was read. */
export function textWarnings({ dropped, unknownWords }: ReadWords): string[] {
  return [...droppedWarnings(dropped), ...unknownWarnings(unknownWords)]
}

/** For calls whose result does not say it. */
export async function readingWarnings(clvp: Clvp, text: string, args: Arguments): Promise<string[]> {
  return textWarnings(await clvp.explain(text, readReadingFlags(args)))
}
