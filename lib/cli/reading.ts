/** The flags of commands that read a text, and what they tell about it. */
import { readingTable } from '../clvp/call_options.js'
import type { Clvp } from '../clvp/clvp.js'
import type { DroppedText } from '../text/reading/traced_text.js'
import type { Explanation } from '../text/text.js'
import type { Arguments } from './command.js'
import { flagsOf, readFlags } from './flags.js'

export const readingFlags = flagsOf(readingTable)

/** A longer list is cut. */
const most = 10

/** The options of a call that takes a text. */
export function readReadingFlags(args: Arguments) {
  return readFlags(args, readingTable)
}

export function describeDropped(dropped: readonly DroppedText[]): string {
  return describeList(dropped.map(({ text, index }) => `${JSON.stringify(text)} at ${index}`))
}

export function describeList(items: readonly string[]): string {
  const more = items.length > most ? ` and ${items.length - most} more` : ''
  return items.slice(0, most).join(', ') + more
}

/** What the user should know about a text that the model has read. */
export function textWarnings({
  dropped,
  unknownWords,
}: Pick<Explanation, 'dropped' | 'unknownWords'>): string[] {
  const warnings: string[] = []
  if (dropped.length > 0)
    warnings.push(`not spoken, since the vocabulary cannot write it: ${describeDropped(dropped)}`)
  if (unknownWords.length > 0)
    warnings.push(`may be garbled, since the model has not learned it: ${describeList(unknownWords)}`)
  return warnings
}

/** For calls whose result does not have these facts. */
export async function readingWarnings(clvp: Clvp, text: string, args: Arguments): Promise<string[]> {
  return textWarnings(await clvp.explain(text, readReadingFlags(args)))
}
