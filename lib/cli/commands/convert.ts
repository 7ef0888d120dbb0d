import { convertFolder } from '../../../quantize/convert.js'
import { autoType } from '../../../quantize/type_choice.js'
import { availableMemory } from '../../addon/free_memory.js'
import { modelTypes } from '../../addon/weight_types.js'
import type { Command } from '../command.js'
import { outputFlags, readOutputFlags, report, typeDetails } from '../output.js'

export const convert: Command = {
  name: 'convert',
  args: 'FOLDER OUT.gguf',
  summary: "Convert a checkpoint, transformers' or tortoise's, to one GGUF file",
  details:
    'FOLDER is one of\n' +
    "- what transformers' save_pretrained writes: config.json, the weights, vocab.json and merges.txt;\n" +
    '  preprocessor_config.json, generation_config.json and tokenizer_config.json may be there too.\n' +
    '  The weights are model.safetensors or pytorch_model.bin, or shards of either with their index;\n' +
    '  safetensors go first\n' +
    '- the original files of tortoise: autoregressive.pth, clvp2.pth, mel_norms.pth and tokenizer.json.\n' +
    '  A config.json or preprocessor_config.json beside them, whole or in part, goes before what\n' +
    "  follows from the weights' shapes\n" +
    'Torch files are read as data: nothing in them is run. Either may hold codebook.safetensors.\n' +
    typeDetails,
  flags: {
    type: {
      value: 'TYPE',
      help: 'type of the weight matrices (default: f16); auto for one that suits this machine',
    },
    ...outputFlags,
  },
  async run(args, context) {
    const [source, target] = [args.positional(0, 'FOLDER'), args.positional(1, 'OUT.gguf')]
    const wanted = args.choice('type', [...modelTypes, 'auto']) ?? 'f16'
    const type = wanted === 'auto' ? autoType('auto', availableMemory()) : wanted
    const started = performance.now()
    const result = await convertFolder(source, target, {
      ...(await readOutputFlags(args, context, source, type)),
      onProgress: (fraction) => context.progress('convert', fraction),
    })
    return report(result, started, result.fallbacks)
  },
}
