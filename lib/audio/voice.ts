import { integer, path } from '../base/check.js'
import { ClvpError, invalid } from '../base/errors.js'
import { type FileUse, readWhole, writeWhole } from '../base/files.js'

/** The format name in a saved voice. The version changes when older readers would misread the file. */
const format = 'clvp-voice'
const version = 1
const use: FileUse = { what: 'the voice', maxBytes: 16 * 2 ** 20, code: 'CLVP_MODEL_FORMAT' }

/** A voice as the decoder uses it: the mean of its clips' conditioning vectors, as tortoise computes it. */
export class Voice {
  /** [`info.decoder.width`]; valid only with the model that made it. */
  readonly embedding: Float32Array
  /** How many clips it was made from. */
  readonly clips: number

  constructor(embedding: Float32Array, clips: number) {
    if (!(embedding instanceof Float32Array) || embedding.length === 0) {
      throw invalid('a Float32Array that is not empty', 'embedding', embedding)
    }
    integer(clips, 'clips', 1, Number.MAX_SAFE_INTEGER)
    this.embedding = embedding
    this.clips = clips
  }

  /**
   * The mean of several clips' vectors, summed in double precision.
   *
   * @throws ClvpError CLVP_INVALID_ARGUMENT unless they are Float32Arrays of one length
   */
  static mean(vectors: readonly Float32Array[]): Voice {
    if (!Array.isArray(vectors)) throw invalid('an array of Float32Array', 'vectors', vectors)
    const width: number = vectors[0]?.length ?? 0
    for (const [i, vector] of vectors.entries()) {
      if (vector instanceof Float32Array && vector.length === width) continue
      throw invalid(`a Float32Array of ${width} numbers, like the first,`, `vectors[${i}]`, vector)
    }
    const mean = new Float32Array(width)
    for (let i = 0; i < width; i++) {
      let sum = 0
      for (const vector of vectors) sum += vector[i]!
      mean[i] = sum / vectors.length
    }
    return new Voice(mean, vectors.length)
  }

  /**
   * Reads a voice that save() wrote. It is valid only with the model that made it.
   *
   * @throws ClvpError CLVP_IO if it cannot be read, CLVP_MODEL_FORMAT if it is not a saved voice
   */
  static async load(file: string): Promise<Voice> {
    const name = path(file, 'path')
    return parse((await readWhole(name, use)).toString(), name)
  }

  /**
   * Writes the voice atomically as JSON, with exact numbers.
   *
   * @throws ClvpError CLVP_IO if the file cannot be written
   */
  async save(file: string): Promise<void> {
    const embedding = [...this.embedding] // as doubles, whose shortest decimals restore the floats exactly
    await writeWhole(
      path(file, 'path'),
      `${JSON.stringify({ format, version, clips: this.clips, embedding })}\n`,
    )
  }
}

function parse(text: string, name: string): Voice {
  const bad = (reason: string, cause?: unknown) =>
    new ClvpError('CLVP_MODEL_FORMAT', `${name} is not a saved voice: ${reason}`, { cause })
  let held: unknown
  try {
    held = JSON.parse(text)
  } catch (cause) {
    throw bad((cause as Error).message, cause)
  }
  const { format: kind, version: number, clips, embedding } = (held ?? {}) as Record<string, unknown>
  if (kind !== format || number !== version) throw bad(`expected format '${format}' and version ${version}`)
  if (!Number.isInteger(clips) || (clips as number) < 1) throw bad('expected a number of clips')
  if (
    !Array.isArray(embedding) ||
    embedding.length === 0 ||
    !embedding.every((x) => typeof x === 'number' && Number.isFinite(Math.fround(x)))
  ) {
    throw bad('expected an embedding of finite numbers')
  }
  return new Voice(Float32Array.from(embedding), clips as number)
}
