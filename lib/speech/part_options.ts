/** The options of speak() about long texts: how they are split, joined, checked and drawn again. */
import { path } from '../base/check.js'
import { choice, custom, integer } from '../base/kinds.js'
import { type OptionsOf, optionTable } from '../base/options.js'
import { readSplitOptions, type SplitOptions, splitTable } from '../text/split_options.js'
import { defaultGates, gatesKind } from './gates.js'
import { pausesKind } from './pauses.js'

/** More attempts than this do not help. */
const MOST_RETRIES = 100

export const partTable = optionTable({
  /**
   * How a long text is split into parts, as in splitText(). Default: at sentence ends, up to 300 characters
   * a part.
   */
  split: {
    kind: custom<SplitOptions>(readSplit, { as: 'table', table: splitTable, prefix: 'split' }),
    default: {},
    defaultText: 'at sentence ends, up to 300 characters a part',
    help: 'how a long text is split into parts',
  },
  /**
   * A factor of the pauses between parts, 0 to 10, or a function from a part and the next one to seconds.
   * Default: 0.9 s after a paragraph, 0.5 s after a sentence, and less within one, by its punctuation.
   */
  pauses: {
    kind: pausesKind,
    defaultText: '0.9 s after a paragraph, 0.5 s after a sentence, and less within one, by its punctuation',
    help: 'factor of the pauses between the parts of a long text',
  },
  /**
   * Limits of the quality gates, or false for none: a part that fails one is drawn again. Default: all
   * gates.
   */
  gates: {
    kind: gatesKind,
    default: defaultGates,
    defaultText: 'all gates',
    help: 'speak each part as it was drawn first, whatever is wrong with it',
  },
  /** How often a part that fails a gate is drawn again, with the seeds that follow, 0 to 100; default 2. */
  retries: {
    kind: integer(0, MOST_RETRIES),
    default: 2,
    help: 'how often a part that fails a quality gate is drawn again',
  },
  /**
   * Words in square brackets: 'refuse' (default) them, since in tortoise they are spoken and then cut,
   * which is not supported; or 'read' them like any other text. `\[` and `\]` are read in both cases.
   */
  brackets: {
    kind: choice(['refuse', 'read']),
    default: 'refuse',
    help: 'what to do about words in square brackets',
  },
  /**
   * A folder in which each part is kept once it is spoken. A call with the same settings takes the parts from
   * there that it has, and goes on with the others; without `seed` it takes the seed of the parts that are
   * there. Default: no part is kept. Options that are functions are refused, but for those of `split` and
   * `pauses`. docs/long-texts.md
   */
  partsFolder: {
    kind: custom<string>(path, { as: 'string', value: 'DIR' }),
    help: 'keep each spoken part in a folder; the same call again goes on where the last one stopped',
    flag: 'parts',
  },
})

/** Options of speak() about the parts of a long text. */
export interface PartOptions extends OptionsOf<typeof partTable> {}

/** Checks the options of splitText() and copies them. */
function readSplit(value: unknown, name: string): SplitOptions {
  readSplitOptions(value, name)
  return { ...(value as SplitOptions) }
}
