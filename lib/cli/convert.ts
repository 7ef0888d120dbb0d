import { convertFolder } from '../../quantize/convert.js'
import { Importance } from '../quality/importance.js'
import { weightTypes } from '../weight_types.js'
import type { Command } from './command.js'
import { megabytes, peakRss } from './table.js'

export const convert: Command = {
  name: 'convert',
  args: 'FOLDER OUT.gguf',
  summary: 'Convert a folder in Hugging Face layout to one GGUF file',
  details:
    'FOLDER holds config.json, safetensors (one or sharded), vocab.json and merges.txt, and may hold\n' +
    'preprocessor_config.json, generation_config.json, tokenizer_config.json and codebook.safetensors.\n' +
    `Types, from exact to small: ${weightTypes.join(', ')}.`,
  flags: {
    type: { value: 'TYPE', help: 'type of the weight matrices (default: f16)' },
    calibration: {
      value: 'FILE.json',
      help: "what 'clvp calibrate' wrote of this checkpoint: types of 4 to 6 bits lose less",
    },
  },
  async run(args, context) {
    const type = args.choice('type', weightTypes) ?? 'f16'
    const calibration = args.text('calibration')
    const importance = calibration === undefined ? undefined : await Importance.load(calibration)
    const started = performance.now()
    const result = await convertFolder(args.positional(0, 'FOLDER'), args.positional(1, 'OUT.gguf'), {
      type,
      ...(importance && { importance }),
      signal: context.signal,
      onProgress: (fraction) => context.progress('convert', fraction),
    })
    const json = { ...result, seconds: (performance.now() - started) / 1000, peakRssBytes: peakRss() }
    const kept = json.fallbacks.map((line) => `\n  ${line}`).join('')
    const cost = `in ${json.seconds.toFixed(1)} s, peak memory ${megabytes(json.peakRssBytes)}`
    return { text: `${json.path}: ${json.type}, ${megabytes(json.bytes)}, ${cost}${kept}`, json }
  },
}
