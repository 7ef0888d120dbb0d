import { sourceTable } from '../../base/checkpoint_files.js'
import { calibratedTable, calibrateTable, calibrate as find } from '../../quality/calibrate.js'
import { sampleTable } from '../../quality/samples.js'
import { type Command, UsageError } from '../command.js'
import { flagsOf, readFlags } from '../flags.js'
import { modelSource, readModelFlags } from '../model.js'
import { needOutput } from '../output_files.js'
import { readTexts, readVoices, textsFlags } from '../samples.js'
import { megabytes, peakRss } from '../table.js'

const { device, threads, type, revision } = calibratedTable

export const calibrate: Command = {
  args: 'MODEL OUT.json',
  details:
    "MODEL is a .gguf file of type f32, f16 or bf16; or a checkpoint folder, a hub id, or demo. The command draws candidates for the texts (default: 4 for each), ranks them, and sums up the inputs of each matrix. Use other texts for 'clvp compare'.",
  examples: ['./checkpoint calibration.json --texts texts.txt'],
  flags: {
    Input: textsFlags,
    Drawing: { ...flagsOf(calibrateTable), ...flagsOf(sampleTable) },
    Model: flagsOf({ type, revision, ...sourceTable }),
    Machine: flagsOf({ device, threads }),
  },
  async run(args, context) {
    const [model, out] = [args.positional(0, 'MODEL'), args.positional(1, 'OUT.json')]
    const file = args.text('texts')
    if (file === undefined) throw new UsageError('--texts is missing: name a file with one text per line')
    await needOutput('OUT.json', out, '.json')
    const texts = await readTexts(file)
    const voices = await readVoices(args)
    const importance = await find(modelSource(model), {
      ...readModelFlags(args, context, calibratedTable),
      ...(voices && { voices }),
      ...readFlags(args, sampleTable),
      ...readFlags(args, calibrateTable),
      texts,
    })
    await importance.save(out)
    const { texts: nTexts, voices: nVoices, matrices } = importance
    const rows = Math.max(...[...matrices.values()].map((each) => each.rows))
    const json = {
      path: out,
      texts: nTexts,
      voices: nVoices,
      matrices: matrices.size,
      rows,
      peakRssBytes: peakRss(),
    }
    const text = `${out}: ${matrices.size} matrices, ${nTexts} texts, ${nVoices} voices, at most ${rows} rows each, peak memory ${megabytes(json.peakRssBytes)}`
    return { text, json }
  },
}
