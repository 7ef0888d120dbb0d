/** The flags of commands that read a text, and what they tell about it. */
import { readingTable } from '../clvp/call_options.js'
import type { Clvp } from '../clvp/clvp.js'
import type { DroppedText } from '../text/reading/traced_text.js'
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

export function droppedWarnings(dropped: readonly DroppedText[]): string[] {
  return dropped.length === 0
    ? []
    : [`not spoken, since the vocabulary cannot write it: ${describeDropped(dropped)}`]
}

/** For calls whose result does not say what was dropped. */
export async function readingWarnings(clvp: Clvp, text: string, args: Arguments): Promise<string[]> {
  const { dropped } = await clvp.explain(text, readReadingFlags(args))
  return droppedWarnings(dropped)
}
