import { readHeard } from '../codes.js'
import type { Command } from '../command.js'
import { modelFlags, withModel } from '../model.js'
import { countOf, needCodebook, writePlot, writeSound } from '../sound.js'

export const preview: Command = {
  name: 'preview',
  args: 'CODES.json OUT.wav',
  summary: 'Write what speech codes sound like, roughly, with the codebook of a model that has one',
  details:
    'CODES.json holds an array of codes, { "codes": [...] }, or what \'clvp generate\' wrote with --out or --json.\n' +
    'OUT.wav gets 16 bits, mono, at the rate of the model. Codes are taken as they are: no start and no stop.',
  flags: {
    model: {
      value: 'MODEL',
      help: "a .gguf file, a folder in Hugging Face layout, or 'demo' (default: demo)",
    },
    candidate: { value: 'N', help: 'which candidate of clvp generate, by its rank (default: 1, the best)' },
    iterations: { value: 'N', help: 'of the search for phases, 1 to 1000 (default: 60)' },
    plot: { value: 'FILE.svg', help: 'draw the mel of the codes too' },
    ...modelFlags,
  },
  async run(args, context) {
    const [file, out] = [args.positional(0, 'CODES.json'), args.positional(1, 'OUT.wav')]
    const plot = args.text('plot')
    const heard = await readHeard(file, args.number('candidate'))
    return withModel(args.text('model') ?? 'demo', args, context, async (clvp) => {
      await needCodebook(clvp)
      const options = { ...args.numbers({ iterations: 'iterations' }), signal: context.signal }
      const { seconds, sampleRate } = await writeSound(clvp, heard, out, options)
      if (plot !== undefined) await writePlot(clvp, [heard], plot)
      const json = {
        path: out,
        codes: heard.codes.length,
        seconds,
        sampleRate,
        ...(plot !== undefined && { plot }),
      }
      return { text: `${out}: ${seconds.toFixed(2)} s of ${heard.title}, ${countOf(heard.codes)}`, json }
    })
  },
}
