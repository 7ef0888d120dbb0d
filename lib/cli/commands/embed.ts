import type { Clvp } from '../../clvp/clvp.js'
import { readCodes } from '../codes.js'
import { type Command, UsageError } from '../command.js'
import { machineFlags, modelFlags, withModel } from '../model.js'
import { readingFlags, readingWarnings, readReadingFlags } from '../reading.js'

export const embed: Command = {
  args: 'MODEL [TEXT]',
  examples: ['demo "Hello world." --json', 'demo --codes result.json'],
  flags: {
    Input: {
      codes: {
        value: 'FILE',
        help: "embed rows of codes: an array of arrays, or a file from 'clvp generate --out'",
      },
      ...readingFlags,
    },
    Model: modelFlags,
    Machine: machineFlags,
  },
  async run(args, context) {
    const codes = args.text('codes')
    const [useless] = codes === undefined ? [] : args.given(Object.keys(readingFlags))
    if (useless !== undefined) throw new UsageError(`--${useless} goes with a text, not with --codes`)
    const rows = codes === undefined ? undefined : await readCodes(codes)
    const text = rows ? '' : args.positional(1, 'TEXT or --codes')
    const embedAll = async (clvp: Clvp) => {
      const { signal } = context
      const vectors: Float32Array[] = []
      if (!rows) vectors.push(await clvp.embedText(text, { ...readReadingFlags(args), signal }))
      for (const row of rows ?? []) vectors.push(await clvp.embedSpeech(row, { signal }))
      const warnings = rows ? [] : await readingWarnings(clvp, text, args)
      const json = vectors.map((vector) => [...vector])
      return {
        text: json.map((vector) => vector.map((x) => x.toFixed(6)).join(' ')).join('\n'),
        json,
        warnings,
      }
    }
    return withModel(args.positional(0, 'MODEL'), args, context, embedAll, { parts: ['ranker'] })
  },
}
