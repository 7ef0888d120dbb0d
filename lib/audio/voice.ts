import { integer, path } from '../base/check.js'
import { ClvpError, invalid } from '../base/errors.js'
import { type FileUse, readWhole, writeWhole } from '../base/files.js'

/** How a saved voice names itself; the version changes when an old reader would go wrong. */
const format = 'clvp-voice'
const version = 1
const use: FileUse = { what: 'the voice', maxBytes: 16 * 2 ** 20, code: 'CLVP_MODEL_FORMAT' }

/** What the decoder knows of a voice: the mean of its clips' conditioning vectors, as tortoise makes it. */
export class Voice {
  /** [`info.decoder.width`]: goes with the model that made it. */
  readonly embedding: Float32Array
  /** How many clips it was made of. */
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
   * The mean of several clips' vectors, summed in double.
   *
   * @throws ClvpError CLVP_INVALID_ARGUMENT unless they are Float32Arrays of one length
   */
  static mean(vectors: readonly Float32Array[]): Voice {
    if (!Array.isArray(vectors)) throw invalid('an array of Float32Array', 'vectors', vectors)
    const width: number = vectors[0]?.length ?? 0
    for (const [i, vector] of vectors.entries()) {
      if (vector instanceof Float32Array && vector.length === width) continue
      throw invalid(`a Float32Array of ${width} numbers, as the first is`, `vectors[${i}]`, vector)
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
   * Reads a voice that save() wrote. It goes with the model that made it.
   *
   * @throws ClvpError CLVP_IO if it cannot be read, CLVP_MODEL_FORMAT if it is no saved voice
   */
  static async load(file: string): Promise<Voice> {
    const name = path(file, 'path')
    return parse((await readWhole(name, use)).toString(), name)
  }

  /**
   * Writes the voice as JSON, in one piece: its numbers are exact.
   *
   * @throws ClvpError CLVP_IO if the file cannot be written
   */
  async save(file: string): Promise<void> {
    const embedding = [...this.embedding] // shortest decimals of the doubles that equal the floats
    await writeWhole(
      path(file, 'path'),
      `${JSON.stringify({ format, version, clips: this.clips, embedding })}\n`,
    )
  }
}

function parse(text: string, name: string): Voice {
  const bad = (reason: string, cause?: unknown) =>
    new ClvpError('CLVP_MODEL_FORMAT', `${name} is no saved voice: ${reason}`, { cause })
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
