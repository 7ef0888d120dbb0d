import { convertFolder } from '../../../quantize/convert.js'
import { autoType } from '../../../quantize/type_choice.js'
import { availableMemory } from '../../addon/free_memory.js'
import { modelTypes } from '../../addon/weight_types.js'
import type { Command } from '../command.js'
import { outputFlags, readOutputFlags, report, typeDetails } from '../output.js'
import { readSourceFileFlags, sourceFileFlags } from '../source_files.js'

export const convert: Command = {
  name: 'convert',
  args: 'FOLDER OUT.gguf',
  summary: "Convert a checkpoint, transformers' or tortoise's, to one GGUF file",
  details:
    'FOLDER holds one of\n' +
    "- the files of transformers' save_pretrained: config.json, the weights, vocab.json and merges.txt, and\n" +
    '  optionally preprocessor_config.json, generation_config.json and tokenizer_config.json.\n' +
    '  The weights are model.safetensors or pytorch_model.bin, or shards of either with their index;\n' +
    '  safetensors are preferred\n' +
    '- the original files of tortoise: autoregressive.pth and clvp2.pth, or others that hold the same. A fine-tune\n' +
    '  may bring its own tokenizer.json and mel_norms.pth. A complete or partial config.json or\n' +
    '  preprocessor_config.json beside them overrides what the shapes of the weights imply\n' +
    'Torch files are read as data: no code in them runs. Either folder may hold codebook.safetensors.\n' +
    typeDetails,
  flags: {
    type: {
      value: 'TYPE',
      help: 'type of the weight matrices (default: f16); auto chooses one for this machine',
    },
    ...sourceFileFlags,
    ...outputFlags,
  },
  async run(args, context) {
    const [source, target] = [args.positional(0, 'FOLDER'), args.positional(1, 'OUT.gguf')]
    const wanted = args.choice('type', [...modelTypes, 'auto']) ?? 'f16'
    const type = wanted === 'auto' ? autoType('auto', availableMemory()) : wanted
    const files = readSourceFileFlags(args)
    const started = performance.now()
    const result = await convertFolder(source, target, {
      ...(await readOutputFlags(args, context, source, type, files)),
      ...files,
      onProgress: (fraction) => context.progress('convert', fraction),
    })
    return report(result, started, result.fallbacks)
  },
}
