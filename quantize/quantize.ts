import { requireSound } from '../lib/addon/require_sound.js'
import { isQuantized, type ModelType } from '../lib/addon/weight_types.js'
import { boolean, path, pick } from '../lib/base/check.js'
import { ClvpError } from '../lib/base/errors.js'
import { SourceFile } from '../lib/base/files.js'
import { type ModelTensor, readModel } from './model_source.js'
import { chooseTypes, type TypeChoice } from './type_choice.js'
import {
  type OutputOptions,
  outputOptions,
  readOutputOptions,
  refuseOverwrite,
  throwIfAborted,
  writeModel,
} from './write_model.js'

/** Of the progress; the rest is writing. */
const VERIFYING = 0.2

export interface QuantizeOptions extends OutputOptions {
  /**
   * Take weights that are quantized already, and quantize them again to another type: the errors of both add up. Default
   * false: such a tensor is an error.
   */
  requantize?: boolean | undefined
}

export interface QuantizeResult {
  path: string
  type: ModelType
  /** Of the file. */
  bytes: number
  /** Matrices whose rows the type meant for them cannot hold, with the type they have instead: `"name: type"`. */
  fallbacks: string[]
  /** Tensors that were quantized before, and to another type now: `"name: before > after"`. */
  requantized: string[]
}

/**
 * Writes a model file anew with other types of its matrices. The result is what `convertFolder` would give, byte for byte, if the source
 * is F32 and was converted from an F32 checkpoint. A tensor that has its type already is kept as it is. The source is verified
 * first, so that no damage gets a new checksum. The file has its name only when it is whole; equal input gives equal bytes.
 *
 * @param source a model file
 * @param target the file to write; an existing one is replaced
 * @throws ClvpError `CLVP_INVALID_ARGUMENT`, also for weights that are quantized already (see `requantize`), `CLVP_IO`,
 *   `CLVP_ABORTED`, `CLVP_MODEL_FORMAT` for a source that is no sound model file
 */
export async function quantizeFile(
  source: string,
  target: string,
  options: QuantizeOptions = {},
): Promise<QuantizeResult> {
  path(source, 'source')
  path(target, 'target')
  const given = pick(options, [...outputOptions, 'requantize'], 'options')
  const requantize = given.requantize === undefined ? false : boolean(given.requantize, 'requantize')
  const settings = readOutputOptions(given)
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
    const bytes = await writeModel(target, model.values, tensors, { ...settings, onProgress: onWritten })
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
      `The source is quantized already (${found[0]}): quantizing again adds errors. Start from an F32 or F16 model, or ask for it (requantize, --requantize)`,
    )
  }
  return found
}
