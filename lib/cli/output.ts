/** What the commands that write a model file share. */
import { isWeightType, mixedTypes, modelTypes, type WeightType, weightTypes } from '../weight_types.js'
import { type Arguments, type Context, type Flag, UsageError } from './command.js'
import { megabytes, peakRss } from './table.js'

export const typeDetails =
  `Types, from exact to small: ${weightTypes.join(', ')}.\n` +
  `Mixes, which keep the matrices that suffer most in a larger type: ${mixedTypes.join(', ')}.\n` +
  "PATTERN is over tensors' names, as 'clvp inspect MODEL.gguf --tensors' lists them: * is any characters, ? one,\n" +
  '{a,b} either. The last pattern that fits counts.'

export const outputFlags: Record<string, Flag> = {
  'tensor-type': {
    value: 'PATTERN=TYPE',
    multiple: true,
    help: "another type for some matrices, e.g. '*.ffn_down.weight=q6_k'; may be repeated",
  },
  threads: { value: 'N', help: 'CPU threads (default: the physical cores); the file is the same' },
}

/** The options that the shared flags give. */
export function readOutputFlags(args: Arguments, context: Context, stage: string) {
  return {
    tensorTypes: args.texts('tensor-type').map(splitTensorType),
    ...args.numbers({ threads: 'threads' }),
    signal: context.signal,
    onProgress: (fraction: number) => context.progress(stage, fraction),
  }
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

/** A type given as an argument of its own. */
export function modelType(text: string) {
  const found = modelTypes.find((each) => each === text)
  if (found === undefined) throw new UsageError(`TYPE is one of ${modelTypes.join(', ')}, not '${text}'`)
  return found
}

/** Says what was written; `notes` are lines of their own. */
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
