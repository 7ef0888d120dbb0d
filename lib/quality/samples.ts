/** Samples for comparison and calibration: texts and voices, checked and copied. */
import { join } from 'node:path'
import { type Clip, type TakenClip, takeClip } from '../audio/clips.js'
import { string } from '../base/check.js'
import { invalid } from '../base/errors.js'
import { abortSignal, converted, custom, integer, type Kind } from '../base/kinds.js'
import { optionTable } from '../base/options.js'
import { packageRoot } from '../base/package_root.js'

export interface Samples {
  texts: readonly string[]
  /** Each clip is a separate voice. */
  clips: readonly TakenClip[]
}

/** The default texts of a comparison. */
export const standardTexts: readonly string[] = [
  'The weather was fine, so we walked to the old harbour and back.',
  'How much is it?',
  'Nobody had told her that the last train leaves at a quarter past nine.',
  'Please bring three eggs, a pound of flour and some fresh milk.',
  'Wait! You forgot your umbrella.',
  'In 1969 two men walked on the moon while a third one circled above.',
  'She sells used bicycles, and he repairs them in the yard behind the house.',
  'It is not quite what I expected, but it will do.',
]

const maxSamples = 10_000

const demoVoice = join(packageRoot, 'demo', 'voice.wav')

/** The options that say what a model is run on. */
export const sampleTable = optionTable({
  /** Each clip is a separate voice, 1 to 10,000; the texts use them in turn. Default: `Clvp.demoVoice`. */
  voices: { kind: converted<Clip | readonly Clip[], readonly TakenClip[]>(readClips) },
  /** Most codes per candidate, 1 to 65,536, and at most the model's limit; default: that of `Clvp.generate`. */
  maxTokens: {
    kind: integer(1, 65536),
    defaultText: 'that of `Clvp.generate`',
    help: 'most codes of a candidate',
  },
  /** Seed of the first text; each further text uses the next one. 0 to 2^53 - 10,001, default 0. */
  seed: {
    kind: integer(0, Number.MAX_SAFE_INTEGER - maxSamples),
    default: 0,
    help: 'seed of the first text; each further text uses the next one',
  },
  /** Stops the call with CLVP_ABORTED. */
  signal: { kind: abortSignal() },
})

export const texts: Kind<readonly string[]> = custom(readTexts)

export function samplesOf(texts: readonly string[], voices: readonly TakenClip[] | undefined): Samples {
  return { texts, clips: voices ?? readClips(demoVoice, 'voices') }
}

function readTexts(value: unknown, name: string): readonly string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > maxSamples) {
    throw invalid(`an array of 1 to ${maxSamples} texts`, name, value)
  }
  return Array.from(value, (text: unknown, i) => string(text, `${name}[${i}]`))
}

function readClips(value: unknown, name: string): readonly TakenClip[] {
  const isList = Array.isArray(value)
  const list: readonly unknown[] = isList ? value : [value]
  if (list.length === 0 || list.length > maxSamples) {
    throw invalid(`a clip or an array of 1 to ${maxSamples} clips`, name, value)
  }
  return Array.from(list, (clip, i) => takeClip(clip, isList ? `${name}[${i}]` : name))
}

/** Pairs each text with the voices in turn. If there are more voices than texts, each voice occurs once. */
export function pairs({ texts, clips }: Samples): { text: number; voice: number }[] {
  const count = Math.max(texts.length, clips.length)
  return Array.from({ length: count }, (_, i) => ({ text: i % texts.length, voice: i % clips.length }))
}
