import { previewTable } from '../../clvp/call_options.js'
import type { Clvp } from '../../clvp/clvp.js'
import { readHeard } from '../codes.js'
import type { Command } from '../command.js'
import { flagsOf, readFlags } from '../flags.js'
import { machineFlags, modelFlags, withModel } from '../model.js'
import { needOutput, OutputFiles } from '../output_files.js'
import { countOf, needCodebook, writePlot, writeSound } from '../sound.js'

export const preview: Command = {
  args: 'CODES.json OUT.wav',
  details:
    'CODES.json holds an array of codes, { "codes": [...] }, or the output of \'clvp generate\' with --out or --json. OUT.wav is mono with 16 bits, at the sample rate of the model. The codes must not include start and stop.',
  examples: ['result.json second.wav --candidate 2'],
  flags: {
    Input: {
      candidate: { value: 'N', help: 'rank of the candidate from clvp generate (default: 1, the best)' },
    },
    Sound: flagsOf(previewTable),
    Output: { plot: { value: 'FILE.svg', help: 'also plot the mel of the codes' } },
    Model: {
      model: {
        value: 'MODEL',
        help: "a .gguf file, a checkpoint folder, or 'demo' (default: demo)",
      },
      ...modelFlags,
    },
    Machine: machineFlags,
  },
  async run(args, context) {
    const [file, out] = [args.positional(0, 'CODES.json'), args.positional(1, 'OUT.wav')]
    const plot = args.text('plot')
    const heard = await readHeard(file, args.number('candidate'))
    await needOutput('OUT.wav', out, '.wav')
    if (plot !== undefined) await needOutput('--plot', plot, '.svg')
    const render = async (clvp: Clvp) => {
      await needCodebook(clvp)
      const options = { ...readFlags(args, previewTable), signal: context.signal }
      const { seconds, sampleRate } = await writeSound(clvp, heard, out, options)
      const files = new OutputFiles()
      await files.write(plot, (file) => writePlot(clvp, [heard], file))
      const json = {
        path: out,
        codes: heard.codes.length,
        seconds,
        sampleRate,
        ...(plot !== undefined && { plot }),
      }
      const text = `${out}: ${seconds.toFixed(2)} s of ${heard.title}, ${countOf(heard.codes)}`
      return files.tell({ text, json })
    }
    // The codebook comes with any part; this is the smallest that every model has.
    return withModel(args.text('model') ?? 'demo', args, context, render, { parts: ['ranker'] })
  },
}
