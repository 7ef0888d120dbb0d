import { quantizeFile, quantizeTable } from '../../../quantize/quantize.js'
import { requireWritable } from '../../base/files.js'
import type { Command } from '../command.js'
import { flagsOf, readFlags } from '../flags.js'
import { modelSource } from '../model.js'
import {
  modelType,
  outputFlags,
  outputMachineFlags,
  readOutputFlags,
  report,
  typeDetails,
} from '../output.js'

export const quantize: Command = {
  args: 'IN.gguf OUT.gguf TYPE',
  details: `IN.gguf is verified first. The source should be f32, which adds no loss of its own; f16 adds hardly any.\n${typeDetails}`,
  examples: ['clvp-f32.gguf clvp-q8_0.gguf q8_0'],
  flags: { Output: { ...outputFlags, ...flagsOf(quantizeTable) }, Machine: outputMachineFlags },
  async run(args, context) {
    const [source, target] = [modelSource(args.positional(0, 'IN.gguf')), args.positional(1, 'OUT.gguf')]
    const type = modelType(args.positional(2, 'TYPE'))
    await requireWritable(target)
    const started = performance.now()
    const result = await quantizeFile(source, target, {
      ...(await readOutputFlags(args, context, source, type)),
      ...readFlags(args, quantizeTable),
      onProgress: (fraction) => context.progress('quantize', fraction),
    })
    const again = result.requantized.map((line) => `quantized again: ${line}`)
    return report(result, started, [...result.fallbacks, ...again])
  },
}
