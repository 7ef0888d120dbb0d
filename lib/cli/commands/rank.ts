import type { Clvp } from '../../clvp/clvp.js'
import { readCodes } from '../codes.js'
import type { Command } from '../command.js'
import { machineFlags, modelFlags, withModel } from '../model.js'
import { readingFlags, readingWarnings, readReadingFlags } from '../reading.js'
import { table } from '../table.js'

export const rank: Command = {
  args: 'MODEL TEXT CODES.json',
  details: "CODES.json holds an array of rows ([[1, 2, ...], ...]), or is a file from 'clvp generate --out'.",
  examples: ['demo "Hello world." result.json'],
  flags: { Input: readingFlags, Model: modelFlags, Machine: machineFlags },
  async run(args, context) {
    const rows = await readCodes(args.positional(2, 'CODES.json'))
    const text = args.positional(1, 'TEXT')
    const score = async (clvp: Clvp) => {
      const ranked = await clvp.rank(text, rows, { ...readReadingFlags(args), signal: context.signal })
      const warnings = await readingWarnings(clvp, text, args)
      const body = ranked.map(({ index, score }, i) => [String(i + 1), String(index), score.toFixed(4)])
      return { text: table([['rank', 'row', 'score'], ...body]), json: ranked, warnings }
    }
    return withModel(args.positional(0, 'MODEL'), args, context, score, { parts: ['ranker'] })
  },
}
