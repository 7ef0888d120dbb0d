/** The tags that say what a sound is, and how to draw it again. */
import { createHash } from 'node:crypto'
import { pick, string } from '../../base/check.js'
import { invalid } from '../../base/errors.js'
import { isObject } from '../../base/json.js'
import { integer } from '../../base/kinds.js'
import { packageVersion } from '../../base/package_root.js'
import { readTags, type SoundMetadata } from './tags.js'

const whole = integer(0, Number.MAX_SAFE_INTEGER)

/** What a sound was made of. */
export interface SoundOrigin {
  /** The text as it was given. Only its hash is kept. */
  text: string
  /** `info` of the model, or its name and id. The id is absent if its file has no checksums. */
  model: { readonly name: string; readonly id?: string | undefined }
  /** The seed of the call. */
  seed?: number | undefined
  /** The index of the chosen candidate. */
  candidate?: number | undefined
}

/**
 * The tags of machine-made speech. They have no date, so the same call gives the same file.
 *
 * | name | value |
 * |---|---|
 * | comment | that a machine made it, in words |
 * | digital_source_type | trainedAlgorithmicMedia: the same, as a term of IPTC's vocabulary |
 * | software | node-clvp and its version |
 * | model, model_hash | the model's name and id |
 * | text_sha256 | SHA-256 of the text in UTF-8 |
 * | seed, candidate | with which the same model draws the same speech of the same text in the same voice |
 *
 * @example
 * ```js
 * const metadata = soundMetadata({ text, model: clvp.info, seed, candidate: best.index })
 * await saveSound('preview.flac', [samples], { sampleRate, metadata })
 * ```
 *
 * @throws ClvpError CLVP_INVALID_ARGUMENT
 */
export function soundMetadata(origin: SoundOrigin): SoundMetadata {
  const given = pick(origin, ['text', 'model', 'seed', 'candidate'], 'origin')
  const text = string(given.text, 'text')
  if (!isObject(given.model)) throw invalid('an object with the name of the model', 'model', given.model)
  const { name, id } = given.model
  const tags = {
    comment: 'Synthetic speech: made by a machine, not spoken by a person.',
    digital_source_type: 'trainedAlgorithmicMedia',
    software: `node-clvp ${packageVersion()}`,
    model: string(name, 'model.name'),
    ...(id !== undefined && { model_hash: string(id, 'model.id') }),
    text_sha256: createHash('sha256').update(text).digest('hex'),
    ...(given.seed !== undefined && { seed: String(whole.read(given.seed, 'seed')) }),
    ...(given.candidate !== undefined && { candidate: String(whole.read(given.candidate, 'candidate')) }),
  }
  return Object.freeze(Object.fromEntries(readTags(tags, 'origin')))
}
