import { Clvp } from '../clvp.js'
import { calibrate as find } from '../quality/calibrate.js'
import { weightTypes } from '../weight_types.js'
import { type Command, UsageError } from './command.js'
import { isDemo, modelFlags } from './model.js'
import { readTexts, readVoices, sampleFlags } from './samples.js'
import { megabytes, peakRss } from './table.js'

export const calibrate: Command = {
  name: 'calibrate',
  args: 'MODEL OUT.json',
  summary: "Find out which columns of a model's matrices matter, for 'clvp convert --calibration'",
  details:
    'MODEL is a folder in Hugging Face layout, or a .gguf file of type f32, f16 or bf16. It draws candidates for the\n' +
    'texts (default: 4 for each) and ranks them; what enters each matrix is summed up. Compare on other texts than these.',
  flags: { ...sampleFlags, ...modelFlags },
  async run(args, context) {
    const [model, out] = [args.positional(0, 'MODEL'), args.positional(1, 'OUT.json')]
    const texts = await readTexts(args)
    if (!texts) throw new UsageError('--texts is missing: name a file with a text on each line')
    const voices = await readVoices(args)
    const [device, type] = [args.text('device'), args.choice('type', weightTypes)]
    const importance = await find(isDemo(model) ? Clvp.demo : model, {
      texts,
      ...(voices && { voices }),
      ...args.numbers({
        candidates: 'candidates',
        'max-tokens': 'maxTokens',
        seed: 'seed',
        threads: 'threads',
      }),
      ...(device !== undefined && { device }),
      ...(type !== undefined && { type }),
      signal: context.signal,
      onProgress: ({ stage, fraction }) => context.progress(stage, fraction),
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
