import { types } from 'node:util'
import { integer, path } from '../base/check.js'
import { ClvpError, invalid } from '../base/errors.js'
import { type FileUse, readWhole, writeWhole } from '../base/files.js'
import { isObject, parseJson } from '../base/json.js'
import { readOrigin, requireModel, type VoiceOrigin } from './voice_origin.js'

/** The format name in a saved voice. The version changes when older readers would misread the file. */
const format = 'clvp-voice'
const version = 1
const use: FileUse = { what: 'the voice', maxBytes: 16 * 2 ** 20, code: 'CLVP_MODEL_FORMAT' }

/** A saved voice, as `JSON.stringify` writes it and `Voice.fromJSON` reads it. */
export interface VoiceJson {
  format: 'clvp-voice'
  version: 1
  clips: number
  embedding: number[]
  /** Absent from a voice without one. */
  diffusion?: number[]
  origin: VoiceOrigin
}

/**
 * A voice as the model uses it: the mean of its windows' conditioning vectors, as tortoise computes it.
 *
 * @example
 * ```js
 * const voice = await clvp.voice(['a.wav', 'b.wav'])
 * await voice.save('emma.json')
 * const later = await Voice.load('emma.json')
 * ```
 */
export class Voice {
  /** For the decoder and HiFi-GAN, [`info.decoder.width`]; valid only with the model that made it. */
  readonly embedding: Float32Array
  /** For the diffusion stage, [`2 * info.speech.diffusion.width`]; undefined if the model made none. */
  readonly diffusion: Float32Array | undefined
  /** How many clips it was made from. */
  readonly clips: number
  /** What it was made of, as far as that is known. */
  readonly origin: VoiceOrigin

  /**
   * @throws ClvpError CLVP_INVALID_ARGUMENT for an empty vector, fewer than one clip, or a malformed origin
   */
  constructor(embedding: Float32Array, clips: number, origin: VoiceOrigin = {}, diffusion?: Float32Array) {
    if (!types.isFloat32Array(embedding) || embedding.length === 0) {
      throw invalid('a Float32Array that is not empty', 'embedding', embedding)
    }
    integer(clips, 'clips', 1, Number.MAX_SAFE_INTEGER)
    if (diffusion !== undefined && (!types.isFloat32Array(diffusion) || diffusion.length === 0)) {
      throw invalid('a Float32Array that is not empty', 'diffusion', diffusion)
    }
    this.embedding = embedding
    this.diffusion = diffusion
    this.clips = clips
    this.origin = readOrigin(origin)
  }

  /** The same as `embedding`: tortoise's name for it. */
  get decoder(): Float32Array {
    return this.embedding
  }

  /**
   * A voice between several: the weighted mean of their vectors.
   *
   * @example
   * ```js
   * const calm = Voice.mix([emma, tom], [0.7, 0.3])
   * ```
   *
   * @param voices one or more, of the same model
   * @param weights one for each voice, 0 or more and not all 0; their sum does not matter. Default: equal
   *   ones
   * @throws ClvpError CLVP_INVALID_ARGUMENT for voices of different models, or for weights that are none
   */
  static mix(voices: readonly Voice[], weights?: readonly number[]): Voice {
    if (!Array.isArray(voices) || voices.length === 0) throw invalid('an array of voices', 'voices', voices)
    for (const [i, voice] of voices.entries()) {
      if (!isVoice(voice)) throw invalid('a voice', `voices[${i}]`, voice)
      const width = voices[0].embedding.length
      if (voice.embedding.length === width) continue
      throw new ClvpError(
        'CLVP_INVALID_ARGUMENT',
        `Expected a voice of ${width} numbers, like the first, for voices[${i}] but received one of ${voice.embedding.length}: mix voices of one model`,
      )
    }
    const known = voices.find(({ origin }) => origin.model)?.origin.model
    for (const [i, { origin }] of voices.entries()) requireModel(origin.model, known, `voices[${i}]`)
    const shares = readWeights(weights, voices.length)
    const vectors = voices.map(({ embedding }) => embedding)
    const diffusion = mixDiffusion(voices, shares)
    const parts = voices.map(({ clips, origin }, i) => ({ weight: shares[i]!, clips, origin }))
    const clips = parts.reduce((sum, part) => sum + part.clips, 0)
    const origin = { ...(known && { model: known }), parts }
    return new Voice(weightedMean(vectors, shares), clips, origin, diffusion)
  }

  /**
   * The voice that `JSON.stringify` wrote.
   *
   * @throws ClvpError CLVP_MODEL_FORMAT if it is not a saved voice
   */
  static fromJSON(value: VoiceJson): Voice {
    return read(value, 'The value')
  }

  /**
   * Reads a voice that save() wrote. It is valid only with the model that made it.
   *
   * @throws ClvpError CLVP_IO if it cannot be read, CLVP_MODEL_FORMAT if it is not a saved voice
   */
  static async load(file: string): Promise<Voice> {
    const name = path(file, 'path')
    const text = (await readWhole(name, use)).toString()
    let held: unknown
    try {
      held = parseJson(text)
    } catch (cause) {
      throw noVoice(name, (cause as Error).message, cause)
    }
    return read(held, name)
  }

  /**
   * Writes the voice atomically as JSON, with exact numbers.
   *
   * @throws ClvpError CLVP_IO if the file cannot be written
   */
  async save(file: string): Promise<void> {
    await writeWhole(path(file, 'path'), `${JSON.stringify(this)}\n`)
  }

  toJSON(): VoiceJson {
    const embedding = [...this.embedding] // as doubles, whose shortest decimals restore the floats exactly
    const diffusion = this.diffusion && [...this.diffusion]
    return {
      format,
      version,
      clips: this.clips,
      embedding,
      ...(diffusion && { diffusion }),
      origin: this.origin,
    }
  }
}

/** An object that has only the prototype of a voice is not one. */
export function isVoice(value: unknown): value is Voice {
  return value instanceof Voice && types.isFloat32Array(value.embedding)
}

/** The mean of vectors of one length, summed in double precision. `shares` sum to 1. */
export function weightedMean(vectors: readonly Float32Array[], shares: readonly number[]): Float32Array {
  return vectors[0]!.map((_, at) => vectors.reduce((sum, vector, i) => sum + shares[i]! * vector[at]!, 0))
}

/** The mean of the vectors for the diffusion stage; undefined unless all voices have one. */
function mixDiffusion(voices: readonly Voice[], shares: readonly number[]): Float32Array | undefined {
  const vectors = voices.flatMap(({ diffusion }) => diffusion ?? [])
  const width = vectors[0]?.length
  const odd = vectors.findIndex(({ length }) => length !== width)
  if (odd >= 0) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected voices of one model but the diffusion stage's vectors have ${width} and ${vectors[odd]!.length} numbers: mix voices of one model`,
    )
  }
  return vectors.length === voices.length ? weightedMean(vectors, shares) : undefined
}

/** Weights that sum to 1. */
function readWeights(given: unknown, count: number): number[] {
  if (given === undefined) return new Array(count).fill(1 / count)
  if (!Array.isArray(given) || given.length !== count) {
    throw invalid(`an array of ${count} numbers, one for each voice,`, 'weights', given)
  }
  const weights = Array.from(given, (weight: unknown, i) => {
    if (typeof weight === 'number' && Number.isFinite(weight) && weight >= 0) return weight
    throw invalid('a finite number from 0', `weights[${i}]`, weight)
  })
  const largest = weights.reduce((most, weight) => Math.max(most, weight))
  if (largest === 0) throw invalid('at least one number above 0', 'weights', given)
  // By the largest first: a sum of the largest doubles would be infinite.
  const sum = weights.reduce((total, weight) => total + weight / largest, 0)
  return weights.map((weight) => weight / largest / sum)
}

function noVoice(name: string, reason: string, cause?: unknown): ClvpError {
  return new ClvpError('CLVP_MODEL_FORMAT', `${name} is not a saved voice: ${reason}`, { cause })
}

function read(held: unknown, name: string): Voice {
  const object = isObject(held) ? held : {}
  const { format: kind, version: number, clips, embedding, diffusion, origin = {} } = object
  if (kind !== format || number !== version) {
    throw noVoice(name, `expected format '${format}' and version ${version}`)
  }
  if (!Number.isInteger(clips) || (clips as number) < 1) throw noVoice(name, 'expected a number of clips')
  if (!isVector(embedding)) throw noVoice(name, 'expected an embedding of finite numbers')
  if (diffusion !== undefined && !isVector(diffusion)) {
    throw noVoice(name, 'expected finite numbers for diffusion')
  }
  const sound = diffusion && Float32Array.from(diffusion)
  try {
    return new Voice(Float32Array.from(embedding), clips as number, origin as VoiceOrigin, sound)
  } catch (cause) {
    throw noVoice(name, (cause as Error).message, cause)
  }
}

function isVector(value: unknown): value is number[] {
  const isNumber = (x: unknown) => typeof x === 'number' && Number.isFinite(Math.fround(x))
  return Array.isArray(value) && value.length > 0 && value.every(isNumber)
}
