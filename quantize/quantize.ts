import type { NativeValue } from '../lib/addon/contract/files.js'
import { requireSound } from '../lib/addon/require_sound.js'
import { isQuantized, type ModelType } from '../lib/addon/weight_types.js'
import { path } from '../lib/base/check.js'
import { ClvpError } from '../lib/base/errors.js'
import { SourceFile } from '../lib/base/files.js'
import { boolean } from '../lib/base/kinds.js'
import { type OptionsOf, optionTable, readOptions } from '../lib/base/options.js'
import { positions } from '../lib/config/kinds.js'
import { type ModelTensor, readModel } from './model_source.js'
import { type OutputOptions, outputSettings, outputTable } from './output_options.js'
import { chooseTypes, type TypeChoice } from './type_choice.js'
import { refuseOverwrite, throwIfAborted, withOutputKeys, writeModel } from './write_model.js'

/** Fraction of the progress for verifying; the rest is writing. */
const VERIFYING = 0.2

export const quantizeTable = optionTable({
  /**
   * Accept weights that are already quantized, and quantize them again to another type: the errors of both add up. Default
   * false: such a tensor is an error.
   */
  requantize: {
    kind: boolean(),
    default: false,
    help: 'accept weights that are already quantized: both errors add up',
  },
  /** How the decoder's positions were counted in training; default: as the source says. */
  positions: {
    kind: positions,
    defaultText: 'as the source says',
    help: 'how the decoder counted positions in training',
  },
})

const table = { ...outputTable, ...quantizeTable }

export interface QuantizeOptions extends OutputOptions, OptionsOf<typeof quantizeTable> {}

export interface QuantizeResult {
  path: string
  type: ModelType
  /** Size of the file. */
  bytes: number
  /** Matrices whose row length does not fit the chosen type, with the type used instead: `"name: type"`. */
  fallbacks: string[]
  /** Tensors that were quantized from one type to another: `"name: before > after"`. */
  requantized: string[]
}

/**
 * Rewrites a model file with other types for its matrices. If the source is F32 and was converted from an F32 checkpoint,
 * the result equals that of `convertFolder`, byte for byte. A tensor that already has its type is copied unchanged. The
 * source is verified first: damaged weights would get a valid checksum. The write is atomic, and equal input gives equal
 * bytes.
 *
 * @example
 * ```js
 * const { bytes } = await quantizeFile('clvp-f32.gguf', 'clvp-q8_0.gguf', { type: 'q8_0' })
 * ```
 *
 * @param source a model file
 * @param target the file to write; an existing one is replaced
 * @throws ClvpError `CLVP_INVALID_ARGUMENT`, also for weights that are already quantized (see `requantize`), `CLVP_IO`,
 *   `CLVP_ABORTED`, `CLVP_MODEL_FORMAT` for a malformed or damaged source
 */
export async function quantizeFile(
  source: string,
  target: string,
  options: QuantizeOptions = {},
): Promise<QuantizeResult> {
  path(source, 'source')
  path(target, 'target')
  const { requantize, positions, ...output } = readOptions(table, options, 'options')
  const settings = outputSettings(output)
  const { type, tensorTypes, threads, onProgress, signal } = settings
  throwIfAborted(signal)
  await refuseOverwrite(target, [source])
  const report = (from: number, share: number) =>
    onProgress && ((fraction: number) => onProgress(from + share * fraction))
  const file = await SourceFile.open(source, 'the model')
  try {
    await requireSound(source, { threads, signal, onProgress: report(0, VERIFYING) })
    const model = await readModel(file)
    const choice = chooseTypes(model.tensors, type, tensorTypes)
    const requantized = listRequantized(model.tensors, choice, requantize)
    const tensors = model.tensors.map(({ name, dims, type: dataType, source }) => ({
      name,
      type: choice.types.get(name)!,
      dims,
      parts: [{ source, dataType }],
      isTransposed: false,
    }))
    const onWritten = report(VERIFYING, 1 - VERIFYING)
    const values: Record<string, NativeValue> = {
      ...model.values,
      ...(positions && { 'clvp.positions': { type: 'string', value: positions } }),
    }
    const all = withOutputKeys(values, settings)
    const bytes = await writeModel(target, all, tensors, { ...settings, onProgress: onWritten })
    return { path: target, type, bytes, fallbacks: choice.fallbacks, requantized }
  } finally {
    await file.close()
  }
}

function listRequantized(
  tensors: readonly ModelTensor[],
  { types }: TypeChoice,
  isAllowed: boolean,
): string[] {
  const again = tensors.filter(({ name, type }) => {
    const next = types.get(name)!
    return isQuantized(type) && isQuantized(next) && next !== type
  })
  const found = again.map(({ name, type }) => `${name}: ${type} > ${types.get(name)}`)
  if (found.length > 0 && !isAllowed) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `The source is already quantized (${found[0]}): quantizing again adds errors. Start from an F32 or F16 model, or set requantize (--requantize)`,
    )
  }
  return found
}
