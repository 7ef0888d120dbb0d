import type { Command } from '../command.js'
import { modelFlags, withModel } from '../model.js'
import { describeDropped, describeList, readingFlags, readReadingFlags } from '../reading.js'
import { table } from '../table.js'

export const explain: Command = {
  name: 'explain',
  args: 'MODEL TEXT',
  summary:
    'Show how a text is read: its spoken form, each change, dropped characters, its tokens, the remaining room',
  flags: { ...readingFlags, ...modelFlags },
  async run(args, context) {
    const text = args.positional(1, 'TEXT')
    return withModel(args.positional(0, 'MODEL'), args, context, async (clvp) => {
      const json = await clvp.explain(text, readReadingFlags(args))
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
    })
  },
}
