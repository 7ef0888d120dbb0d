import { quantizeFile } from '../../../quantize/quantize.js'
import type { Command } from '../command.js'
import { modelType, outputFlags, readOutputFlags, report, typeDetails } from '../output.js'

export const quantize: Command = {
  name: 'quantize',
  args: 'IN.gguf OUT.gguf TYPE',
  summary: 'Write a model file anew with smaller weights',
  details: `${typeDetails}\nIN.gguf is verified first. F32 sources lose nothing twice; F16 ones hardly.`,
  flags: {
    ...outputFlags,
    requantize: { help: 'take weights that are quantized already: the errors of both add up' },
  },
  async run(args, context) {
    const [source, target] = [args.positional(0, 'IN.gguf'), args.positional(1, 'OUT.gguf')]
    const type = modelType(args.positional(2, 'TYPE'))
    const started = performance.now()
    const result = await quantizeFile(source, target, {
      ...(await readOutputFlags(args, context, source, type)),
      requantize: args.flag('requantize'),
      onProgress: (fraction) => context.progress('quantize', fraction),
    })
    const again = result.requantized.map((line) => `quantized again: ${line}`)
    return report(result, started, [...result.fallbacks, ...again])
  },
}
