/** What calling a feature extractor does before it computes features: it reads, truncates and pads clips. */
import { types } from 'node:util'
import { flag, integer, pick } from '../base/check.js'
import { ClvpError, invalid } from '../base/errors.js'
import { type Padding, readPadding } from '../base/padding.js'
import { stackRows, type Tensor } from '../base/tensor.js'

export interface FeatureCallOptions {
  /** Hz. Must equal the extractor's rate: resample first. Default: the extractor's. */
  samplingRate?: number
  /** Default `'max_length'`. */
  padding?: Padding
  /** Truncate clips that are longer than `maxLength`. Default `true`. */
  truncation?: boolean
  /** Samples, 1 to 2^28. Default: the extractor's `defaultAudioLength`. */
  maxLength?: number
  /** The lengths that clips are truncated and padded to are rounded up to a multiple of this. */
  padToMultipleOf?: number
  /** Default `true`. */
  returnAttentionMask?: boolean
}

/** The extractor's own settings for a call. */
export interface FeatureDefaults {
  samplingRate: number
  defaultAudioLength: number
  paddingValue: number
  paddingSide: 'left' | 'right'
}

export interface FeaturePlan {
  padding: 'longest' | 'max_length' | 'do_not_pad'
  truncate: boolean
  maxLength: number
  multiple: number
  mask: boolean
  paddingValue: number
  paddingSide: 'left' | 'right'
}

const MAX_SAMPLES = 2 ** 28

export const FEATURE_OPTIONS = [
  'samplingRate',
  'padding',
  'truncation',
  'maxLength',
  'padToMultipleOf',
  'returnAttentionMask',
] as const

export function readFeatureCall(value: unknown, defaults: FeatureDefaults): FeaturePlan {
  const given = pick(value, FEATURE_OPTIONS, 'options')
  const { samplingRate = defaults.samplingRate } = given
  if (samplingRate !== defaults.samplingRate) {
    throw invalid(`${defaults.samplingRate}, the model's rate in Hz,`, 'samplingRate', samplingRate)
  }
  const usual = defaults.defaultAudioLength * defaults.samplingRate
  return {
    padding: readPadding(given.padding ?? 'max_length', 'padding'),
    truncate: flag(given, 'truncation', true),
    maxLength: integer(given.maxLength ?? usual, 'maxLength', 1, MAX_SAMPLES),
    multiple: integer(given.padToMultipleOf ?? 1, 'padToMultipleOf', 1, MAX_SAMPLES),
    mask: flag(given, 'returnAttentionMask', true),
    paddingValue: defaults.paddingValue,
    paddingSide: defaults.paddingSide,
  }
}

/** One clip or several as float32, copied. */
export function readClips(rawSpeech: unknown): Float32Array[] {
  const isBatch = Array.isArray(rawSpeech) && typeof rawSpeech[0] === 'object'
  const list: unknown[] = isBatch ? rawSpeech : [rawSpeech]
  return Array.from(list, (clip, at) => readClip(clip, isBatch ? `rawSpeech[${at}]` : 'rawSpeech'))
}

function readClip(clip: unknown, name: string): Float32Array {
  const isNumbers =
    types.isFloat32Array(clip) ||
    types.isFloat64Array(clip) ||
    (Array.isArray(clip) && clip.every((sample) => typeof sample === 'number'))
  if (!isNumbers) throw invalid('a Float32Array of mono samples', name, clip)
  const samples = clip.length === 0 ? new Float32Array() : Float32Array.from(clip) // a detached buffer cannot be iterated
  if (samples.length === 0)
    throw new ClvpError('CLVP_AUDIO', `Expected at least one sample for ${name} but received none`)
  if (samples.every(Number.isFinite)) return samples
  throw new ClvpError('CLVP_AUDIO', `Expected finite samples for ${name} but received NaN or infinity`)
}

/** Pads clips to one length, with a mask of which samples are not padding, [clips, samples]. */
export function padClips(
  given: readonly Float32Array[],
  plan: FeaturePlan,
): { clips: Float32Array[]; mask: Tensor<Int32Array> | undefined } {
  const roundUp = (length: number) => Math.ceil(length / plan.multiple) * plan.multiple
  const cut = given.map((clip) => (plan.truncate ? clip.subarray(0, roundUp(plan.maxLength)) : clip))
  const longest = cut.reduce((most, clip) => Math.max(most, clip.length), 0)
  const target = { do_not_pad: 0, longest: roundUp(longest), max_length: roundUp(plan.maxLength) }[
    plan.padding
  ]
  const length = Math.max(longest, target)
  if (longest > target && cut.some((clip) => clip.length !== longest)) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected clips of equal length but received different lengths, up to ${longest} samples: ` +
        "make them equal with padding: 'longest'",
    )
  }
  if (length > MAX_SAMPLES) throw invalid(`clips of at most ${MAX_SAMPLES} samples`, 'rawSpeech', length)
  const at = (clip: Float32Array) => (plan.paddingSide === 'left' ? length - clip.length : 0)
  const clips = cut.map((clip) => {
    const whole = new Float32Array(length).fill(plan.paddingValue)
    whole.set(clip, at(clip))
    return whole
  })
  const ones = cut.map((clip) =>
    new Int32Array(plan.mask ? length : 0).fill(1, at(clip), at(clip) + clip.length),
  )
  return { clips, mask: plan.mask ? stackRows(ones, new Int32Array()) : undefined }
}
