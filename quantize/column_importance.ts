/** Applies a calibration to the tensors of a conversion. */
import type { NativeTensor } from '../lib/addon/contract/files.js'
import { calibratedTypes, type ModelType } from '../lib/addon/weight_types.js'
import { ClvpError } from '../lib/base/errors.js'
import { isMatrix, isStageMatrix } from './checkpoint/tensor_names.js'
import type { Importance } from './importance.js'
import type { TensorTypes } from './type_choice.js'

/** The least importance of a column, relative to the mean. A column unused in the calibration may matter for other texts. */
const least = 1e-4

/**
 * Rejects an importance if none of the types chooses its scales by it.
 *
 * @throws ClvpError CLVP_INVALID_ARGUMENT
 */
export function refuseUnused(type: ModelType, tensorTypes: TensorTypes): void {
  const wanted = [type, ...tensorTypes.map(([, own]) => own)]
  if (wanted.some((each) => calibratedTypes.includes(each))) return
  throw new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected a type that uses a calibration (${calibratedTypes.join(', ')}) but received ${wanted.join(', ')}: omit the calibration`,
  )
}

/**
 * The importance of each tensor's columns, normalised to mean 1, by tensor name. Tensors with uniform importance are absent.
 *
 * @throws ClvpError CLVP_INVALID_ARGUMENT if it was made with a model that has other tensors
 */
export function columnImportance(
  tensors: readonly Pick<NativeTensor, 'name' | 'dims'>[],
  { matrices, model }: Importance,
): Map<string, Float32Array> {
  const widths = new Map(tensors.map(({ name, dims }) => [name, dims[0]!]))
  const refuse = (what: string) =>
    new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected an importance made with this model but received one of '${model}': ${what}. Calibrate again`,
    )
  for (const [name, { meanSquares }] of matrices) {
    const width = widths.get(name)
    if (width === undefined) throw refuse(`there is no tensor ${name}`)
    if (width !== meanSquares.length) {
      throw refuse(`${name} has ${width} columns, but the importance has ${meanSquares.length}`)
    }
  }
  const found = new Map<string, Float32Array>()
  for (const { name } of tensors) {
    if (!isMatrix(name) || (isStageMatrix(name) && !matrices.has(name))) continue // a calibration runs no stages
    const columns = matrices.get(name)?.meanSquares
    if (!columns) throw refuse(`it has no values for ${name}`)
    const mean = columns.reduce((sum, value) => sum + value, 0) / columns.length
    if (mean > 0)
      found.set(
        name,
        columns.map((value) => Math.max(value / mean, least)),
      )
  }
  return found
}
