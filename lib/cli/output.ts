/** Code shared by the commands that write a model file. */
import { refuseUnused } from '../../quantize/column_importance.js'
import { Importance } from '../../quantize/importance.js'
import { outputTable } from '../../quantize/output_options.js'
import {
  isWeightType,
  type ModelType,
  mixedTypes,
  modelTypes,
  type WeightType,
  weightTypes,
} from '../addon/weight_types.js'
import type { SourceFiles } from '../base/checkpoint_files.js'
import { calibrate } from '../quality/calibrate.js'
import { type Arguments, type Context, type Flags, UsageError } from './command.js'
import { flagsOf, readFlags } from './flags.js'
import { readTexts, readVoices, voicesFlag } from './samples.js'
import { megabytes, peakRss } from './table.js'

export const typeDetails =
  `Types, from exact to small: ${weightTypes.join(', ')}.\n` +
  `Mixes, which keep the most sensitive matrices in a larger type: ${mixedTypes.join(', ')}.\n` +
  "PATTERN matches tensor names, as 'clvp inspect MODEL.gguf --tensors' lists them: * matches any characters, ? one character, {a,b} either. The last matching pattern counts.\n" +
  "With a calibration, types of 4 to 6 bits lose less in the columns that matter. --calibrate runs the model for it, which needs memory for the whole model; 'clvp calibrate' does this once for all types."

const threadsTable = { threads: outputTable.threads }

export const outputMachineFlags: Flags = flagsOf(threadsTable)

export const outputFlags: Flags = {
  'tensor-type': {
    value: 'PATTERN=TYPE',
    multiple: true,
    help: "another type for some matrices, e.g. '*.ffn_down.weight=q6_k'; repeatable",
  },
  calibration: { value: 'FILE.json', help: "use a calibration of this checkpoint from 'clvp calibrate'" },
  calibrate: {
    value: 'FILE',
    help: 'calibrate first, on a text file with one text per line',
  },
  voices: { ...voicesFlag, help: 'for --calibrate: a clip or folder of clips; repeatable (default: demo)' },
}

/** The options from the shared flags, for making a file of this type from this source. */
export async function readOutputFlags(
  args: Arguments,
  context: Context,
  source: string,
  type: ModelType,
  files: SourceFiles = {},
) {
  const tensorTypes = args.texts('tensor-type').map(splitTensorType)
  const importance = await readImportance(args, context, source, files, () => refuseUnused(type, tensorTypes))
  return {
    type,
    tensorTypes,
    ...(importance && { importance }),
    ...readFlags(args, threadsTable),
    signal: context.signal,
  }
}

/** @param check throws if the type does not use a calibration */
async function readImportance(
  args: Arguments,
  context: Context,
  source: string,
  files: SourceFiles,
  check: () => void,
) {
  const [found, file] = [args.text('calibration'), args.text('calibrate')]
  if (file === undefined) {
    if (args.texts('voices').length > 0) throw new UsageError('--voices goes with --calibrate')
    return found === undefined ? undefined : Importance.load(found)
  }
  if (found !== undefined) throw new UsageError('--calibrate and --calibration exclude each other')
  check()
  const texts = await readTexts(file)
  const voices = await readVoices(args)
  return calibrate(source, {
    ...files,
    texts,
    ...(voices && { voices }),
    ...readFlags(args, threadsTable),
    signal: context.signal,
    onProgress: ({ stage, fraction }) => context.progress(`calibrate, ${stage}`, fraction),
  })
}

function splitTensorType(text: string): [string, WeightType] {
  const at = text.lastIndexOf('=')
  const type = text.slice(at + 1)
  if (at < 1 || !isWeightType(type)) {
    throw new UsageError(
      `--tensor-type takes PATTERN=TYPE with one of ${weightTypes.join(', ')}, not '${text}'`,
    )
  }
  return [text.slice(0, at), type]
}

/** Reads the TYPE argument. */
export function modelType(text: string) {
  const found = modelTypes.find((each) => each === text)
  if (found === undefined) throw new UsageError(`TYPE is one of ${modelTypes.join(', ')}, not '${text}'`)
  return found
}

/** Reports what was written. Each of `notes` becomes a line. */
export function report<T extends { path: string; type: string; bytes: number }>(
  result: T,
  started: number,
  notes: readonly string[],
) {
  const json = { ...result, seconds: (performance.now() - started) / 1000, peakRssBytes: peakRss() }
  const cost = `in ${json.seconds.toFixed(1)} s, peak memory ${megabytes(json.peakRssBytes)}`
  const lines = notes.map((line) => `\n  ${line}`).join('')
  return { text: `${json.path}: ${json.type}, ${megabytes(json.bytes)}, ${cost}${lines}`, json }
}
