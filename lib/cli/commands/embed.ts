import { readCodes } from '../codes.js'
import { type Command, UsageError } from '../command.js'
import { modelFlags, withModel } from '../model.js'
import { readingFlags, readingWarnings, readReadingFlags } from '../reading.js'

export const embed: Command = {
  name: 'embed',
  args: 'MODEL [TEXT]',
  summary: 'Print the normalised embedding of a text, or of rows of codes',
  flags: {
    codes: {
      value: 'FILE',
      help: "embed rows of codes: an array of arrays, or a file from 'clvp generate --out'",
    },
    ...readingFlags,
    ...modelFlags,
  },
  async run(args, context) {
    const codes = args.text('codes')
    const [useless] = codes === undefined ? [] : args.given(Object.keys(readingFlags))
    if (useless !== undefined) throw new UsageError(`--${useless} goes with a text, not with --codes`)
    const rows = codes === undefined ? undefined : await readCodes(codes)
    const text = rows ? '' : args.positional(1, 'TEXT or --codes')
    return withModel(args.positional(0, 'MODEL'), args, context, async (clvp) => {
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
    })
  },
}
