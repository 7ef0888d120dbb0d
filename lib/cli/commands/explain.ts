import type { Command } from '../command.js'
import { modelFlags, withModel } from '../model.js'
import { table } from '../table.js'

export const explain: Command = {
  name: 'explain',
  args: 'MODEL TEXT',
  summary: 'Show how a text is read: its spoken form, its tokens, dropped characters, and the remaining room',
  flags: { ...modelFlags },
  async run(args, context) {
    const text = args.positional(1, 'TEXT')
    return withModel(args.positional(0, 'MODEL'), args, context, async (clvp) => {
      const json = await clvp.explain(text)
      const tokens = json.tokens.map(({ id, text: token, start, end }) => [
        String(id),
        token,
        `${start}-${end}`,
      ])
      const dropped = json.dropped.map(({ text: lost, index }) => `${JSON.stringify(lost)} at ${index}`)
      const lines = [
        `spoken     ${json.normalized}`,
        `dropped    ${dropped.join(', ') || 'nothing'}`,
        `remaining  ${json.remaining} tokens`,
      ]
      if (tokens.length > 0) lines.push('', table([['id', 'token', 'place'], ...tokens]))
      return { text: lines.join('\n'), json }
    })
  },
}
