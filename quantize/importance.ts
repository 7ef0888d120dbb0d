import { types } from 'node:util'
import { integer, path, pick, string } from '../lib/base/check.js'
import { ClvpError, invalid } from '../lib/base/errors.js'
import { type FileUse, readWhole, writeWhole } from '../lib/base/files.js'

/** The format name in an importance file. The version changes when older readers would misread the file. */
const format = 'clvp-importance'
const version = 1
const use: FileUse = { what: 'the importances', maxBytes: 2 ** 28, code: 'CLVP_IO' }

/** Statistics of a weight matrix's input during a calibration. */
export interface MatrixImportance {
  /** Number of input rows (tokens). */
  rows: number
  /** For each input column, in the model file's order: the mean of its squares over the rows. */
  meanSquares: Float32Array
}

function checkMatrix(name: string, value: unknown): void {
  const { rows, meanSquares } = pick(value, ['rows', 'meanSquares'], `matrices.${name}`)
  const isSound =
    types.isFloat32Array(meanSquares) &&
    meanSquares.length > 0 && // its buffer may be detached
    meanSquares.every((x) => Number.isFinite(x) && x >= 0)
  if (isSound && Number.isSafeInteger(rows) && Number(rows) >= 1) return
  throw invalid('finite non-negative numbers over at least one row', `the importance of ${name}`, meanSquares)
}

/**
 * How much the input columns of a model's weight matrices matter: made by `calibrate()`, used by `convertFolder()`.
 *
 * @example
 * ```js
 * const importance = await calibrate('clvp-f16.gguf', { texts: ['Hello world.', 'How are you?'] })
 * await importance.save('calibration.json')
 * const again = await Importance.load('calibration.json')
 * await quantizeFile('clvp-f32.gguf', 'clvp-q4_k.gguf', { type: 'q4_k', importance: again })
 * ```
 */
export class Importance {
  /** Name of the model that was calibrated. */
  readonly model: string
  /** How many texts and voices the calibration used. */
  readonly texts: number
  readonly voices: number
  /** By tensor name in the model file. */
  readonly matrices: ReadonlyMap<string, MatrixImportance>

  constructor(from: {
    model: string
    texts: number
    voices: number
    matrices: ReadonlyMap<string, MatrixImportance>
  }) {
    const given = pick(from, ['model', 'texts', 'voices', 'matrices'], 'from')
    if (!types.isMap(given.matrices)) throw invalid('a Map', 'matrices', given.matrices)
    const matrices: ReadonlyMap<unknown, unknown> = new Map(given.matrices)
    for (const [name, matrix] of matrices) checkMatrix(string(name, 'a name in matrices'), matrix)
    this.model = string(given.model, 'model')
    this.texts = integer(given.texts, 'texts', 0, Number.MAX_SAFE_INTEGER)
    this.voices = integer(given.voices, 'voices', 0, Number.MAX_SAFE_INTEGER)
    this.matrices = matrices as ReadonlyMap<string, MatrixImportance>
  }

  /**
   * Reads a file that save() wrote.
   *
   * @throws ClvpError CLVP_IO if it cannot be read, CLVP_MODEL_FORMAT if it is not an importance file
   */
  static async load(file: string): Promise<Importance> {
    const name = path(file, 'path')
    return parse((await readWhole(name, use)).toString(), name)
  }

  /**
   * Writes JSON atomically, one line per matrix. Equal importances give equal bytes, and the numbers are exact.
   *
   * @throws ClvpError CLVP_IO if the file cannot be written
   */
  async save(file: string): Promise<void> {
    const { model, texts, voices } = this
    const head = JSON.stringify({ format, version, model, texts, voices }).slice(0, -1)
    const lines = [...this.matrices].map(
      ([name, { rows, meanSquares }]) =>
        `${JSON.stringify(name)}: ${JSON.stringify({ rows, meanSquares: [...meanSquares] })}`,
    )
    await writeWhole(path(file, 'path'), `${head},"matrices":{\n${lines.join(',\n')}\n}}\n`)
  }
}

function parse(text: string, name: string): Importance {
  const bad = (reason: string, cause?: unknown) =>
    new ClvpError('CLVP_MODEL_FORMAT', `${name} is not an importance file: ${reason}`, { cause })
  let held: unknown
  try {
    held = JSON.parse(text)
  } catch (cause) {
    throw bad((cause as Error).message, cause)
  }
  const {
    format: kind,
    version: number,
    model,
    texts,
    voices,
    matrices,
  } = (held ?? {}) as Record<string, unknown>
  if (kind !== format || number !== version) throw bad(`expected format '${format}' and version ${version}`)
  if (typeof model !== 'string') throw bad("expected the model's name")
  if (!isCount(texts) || !isCount(voices)) throw bad('expected numbers of texts and voices')
  if (typeof matrices !== 'object' || matrices === null || Array.isArray(matrices))
    throw bad('expected matrices')
  const read = Object.entries(matrices).map(([matrix, value]: [string, unknown]) => {
    const { rows, meanSquares } = (value ?? {}) as Record<string, unknown>
    if (!isCount(rows) || !isColumns(meanSquares)) {
      throw bad(`expected rows, and mean squares that are finite and not negative, for ${matrix}`)
    }
    return [matrix, { rows, meanSquares: Float32Array.from(meanSquares) }] as const
  })
  return new Importance({ model, texts, voices, matrices: new Map(read) })
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1
}

function isColumns(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((x) => typeof x === 'number' && x >= 0 && Number.isFinite(Math.fround(x)))
  )
}
