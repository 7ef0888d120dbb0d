import { addStages, addTable } from '../../../quantize/add_stages.js'
import { convertFolder, convertTable } from '../../../quantize/convert.js'
import { outputTable } from '../../../quantize/output_options.js'
import { autoType } from '../../../quantize/type_choice.js'
import { availableMemory } from '../../addon/free_memory.js'
import { sourceTable } from '../../base/checkpoint_files.js'
import { requireWritable } from '../../base/files.js'
import { type Arguments, type Command, type Context, flagsIn, type Output, UsageError } from '../command.js'
import { flagsOf, readFlags } from '../flags.js'
import { modelSource } from '../model.js'
import { outputFlags, outputMachineFlags, readOutputFlags, report, typeDetails } from '../output.js'

const typeTable = { type: outputTable.type }

export const convert: Command = {
  args: 'FOLDER OUT.gguf',
  details:
    'FOLDER holds one of\n' +
    "- the files of transformers' save_pretrained: config.json, the weights, vocab.json and merges.txt, and optionally preprocessor_config.json, generation_config.json and tokenizer_config.json. The weights are model.safetensors or pytorch_model.bin, or shards of either with their index; safetensors are preferred\n" +
    '- the original files of tortoise: autoregressive.pth and clvp2.pth, or others that hold the same. A fine-tune may bring its own tokenizer.json and mel_norms.pth. A complete or partial config.json or preprocessor_config.json beside them overrides what the shapes of the weights imply\n' +
    "Torch files are read as data: no code in them runs. Either folder may hold codebook.safetensors, tortoise's dvae.pth, with which 'clvp score' ranks recordings, and tortoise's stages of speech: hifidecoder.pth, diffusion_decoder.pth, vocoder.pth, rlg_auto.pth and rlg_diffuser.pth.\n" +
    'With --add SPEECH_FOLDER the first argument is a model file, MODEL.gguf: OUT.gguf is the same with the stages whose files SPEECH_FOLDER holds. A stage that the model has already is replaced.\n' +
    typeDetails,
  examples: ['./tortoise speaking.gguf --type q8_0', 'clvp.gguf speaking.gguf --add ./tortoise'],
  flags: {
    Input: flagsOf(sourceTable),
    Output: {
      ...flagsOf(typeTable),
      add: { value: 'SPEECH_FOLDER', help: "add this folder's stages of speech to a model file" },
      ...flagsOf(convertTable),
      ...outputFlags,
    },
    Machine: outputMachineFlags,
  },
  async run(args, context) {
    const folder = args.text('add')
    if (folder !== undefined) return add(args, context, folder)
    const [source, target] = [args.positional(0, 'FOLDER'), args.positional(1, 'OUT.gguf')]
    await requireWritable(target)
    const { type: wanted = typeTable.type.default } = readFlags(args, typeTable)
    const type = wanted === 'auto' ? autoType('auto', availableMemory()) : wanted
    const files = readFlags(args, sourceTable)
    const started = performance.now()
    const result = await convertFolder(source, target, {
      ...(await readOutputFlags(args, context, source, type, files)),
      ...files,
      ...readFlags(args, convertTable),
      onProgress: (fraction) => context.progress('convert', fraction),
    })
    return report(result, started, result.fallbacks)
  },
}

/** `clvp convert --add`: its flags are those of {@link addTable}. */
async function add(args: Arguments, context: Context, folder: string): Promise<Output> {
  const [model, target] = [args.positional(0, 'MODEL.gguf'), args.positional(1, 'OUT.gguf')]
  const known = Object.keys({ add: true, json: true, ...flagsOf(addTable) })
  const [other] = args.given(Object.keys(flagsIn(convert)).filter((name) => !known.includes(name)))
  if (other !== undefined) throw new UsageError(`--${other} does not go with --add`)
  const started = performance.now()
  const result = await addStages(modelSource(model), folder, target, {
    ...readFlags(args, addTable),
    signal: context.signal,
    onProgress: (fraction) => context.progress('add', fraction),
  })
  const { added, replaced, fallbacks } = result
  const notes = [...added.map((stage) => `added: ${stage}`), ...replaced.map((stage) => `replaced: ${stage}`)]
  return report(result, started, [...notes, ...fallbacks])
}
