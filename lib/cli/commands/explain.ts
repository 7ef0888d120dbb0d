import { readOptions } from '../../base/options.js'
import { readingTable } from '../../clvp/call_options.js'
import { normalizerOf } from '../../clvp/compat.js'
import { openReader } from '../../loading/load.js'
import { explainText } from '../../text/text.js'
import type { Command } from '../command.js'
import { modelFlags, modelSource, readModelFlags } from '../model.js'
import { describeDropped, describeList, readingFlags, readReadingFlags } from '../reading.js'
import { table } from '../table.js'

export const explain: Command = {
  args: 'MODEL TEXT',
  details: 'Of the model only the header of its file is read, which has the vocabulary.',
  examples: ['demo "Dr. Smith paid $5."'],
  flags: { Input: readingFlags, Model: modelFlags },
  async run(args, context) {
    const [model, text] = [args.positional(0, 'MODEL'), args.positional(1, 'TEXT')]
    const reader = await openReader(modelSource(model), readModelFlags(args, context))
    const json = explainText(
      reader,
      text,
      normalizerOf(readOptions(readingTable, readReadingFlags(args), 'options')),
    )
    const tokens = json.tokens.map(({ id, text: token, start, end }) => [
      String(id),
      token,
      `${start}-${end}`,
    ])
    const changes = json.changes.map(({ from, to, index }) => [String(index), from, to])
    const lines = [
      `spoken     ${json.normalized}`,
      `dropped    ${describeDropped(json.dropped) || 'nothing'}`,
      ...(json.unknownWords.length > 0 ? [`unknown    ${describeList(json.unknownWords)}`] : []),
      `remaining  ${json.remaining} tokens`,
    ]
    if (changes.length > 0) lines.push('', table([['at', 'written', 'spoken'], ...changes]))
    if (tokens.length > 0) lines.push('', table([['id', 'token', 'place'], ...tokens]))
    return { text: lines.join('\n'), json }
  },
}
