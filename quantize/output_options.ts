/** The options of everything that writes a model file. */
import { availableMemory } from '../lib/addon/free_memory.js'
import { type ModelType, modelTypes } from '../lib/addon/weight_types.js'
import { invalid } from '../lib/base/errors.js'
import { choice, custom } from '../lib/base/kinds.js'
import { type OptionsOf, optionTable, type ValuesOf } from '../lib/base/options.js'
import { refuseUnused } from './column_importance.js'
import { Importance } from './importance.js'
import { autoType, readTensorTypes, type TensorTypes } from './type_choice.js'
import { workTable } from './work_options.js'

export const outputTable = optionTable({
  /**
   * Type of the weight matrices. Everything else is F32, except a codebook, which is F16 unless this is `'f32'`. The mixes
   * `'q5_k_m'` and `'q4_k_m'` keep the most sensitive matrices in a larger type. Default `'f16'`; `'auto'` chooses a type for
   * this machine's device and free memory: docs/performance.md.
   */
  type: {
    kind: choice([...modelTypes, 'auto'], 'TYPE'),
    default: 'f16',
    help: 'type of the weight matrices; auto chooses one for this machine',
  },
  /**
   * Other types for some matrices or embeddings: pairs of a name pattern (`*` any characters, `?` one, `{a,b}` either) and a type. The last
   * matching pair wins. A pattern that matches no tensor, or one that must be F32, is an error.
   */
  tensorTypes: { kind: custom<TensorTypes>(readTensorTypes), default: [] },
  /**
   * The result of `calibrate()` for this checkpoint: types of 4 to 6 bits then lose less in important columns. It is an error
   * if none of the requested types uses it.
   */
  importance: { kind: custom<Importance>(readImportance) },
  ...workTable,
})

/** Options that all conversions share. */
export interface OutputOptions extends OptionsOf<typeof outputTable> {}

/** The shared options after checks, with a definite type. 0 threads stand for the physical cores. */
export interface OutputSettings extends ValuesOf<typeof outputTable> {
  readonly type: ModelType
  readonly threads: number
}

export function outputSettings(options: ValuesOf<typeof outputTable>): OutputSettings {
  const { type: wanted, tensorTypes, importance, threads = 0, onProgress, signal } = options
  const type = wanted === 'auto' ? autoType('auto', availableMemory()) : wanted
  if (importance !== undefined) refuseUnused(type, tensorTypes)
  return { type, tensorTypes, importance, threads, onProgress, signal }
}

function readImportance(value: unknown, name: string): Importance {
  if (value instanceof Importance) return value
  throw invalid('an Importance made by calibrate() or Importance.load()', name, value)
}
