/** Samples for comparison and calibration: texts and voices, checked and copied. */
import { join } from 'node:path'
import { packageRoot } from '../addon/addon.js'
import { type TakenClip, takeClip } from '../audio/clips.js'
import { string } from '../base/check.js'
import { invalid } from '../base/errors.js'

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

/** Reads the options `texts` and `voices`; the default is the demo voice. */
export function readSamples(texts: unknown, voices: unknown = demoVoice): Samples {
  if (!Array.isArray(texts) || texts.length === 0 || texts.length > maxSamples) {
    throw invalid(`an array of 1 to ${maxSamples} texts`, 'texts', texts)
  }
  const isList = Array.isArray(voices)
  const list: readonly unknown[] = isList ? voices : [voices]
  if (list.length === 0 || list.length > maxSamples) {
    throw invalid(`a clip or an array of 1 to ${maxSamples} clips`, 'voices', voices)
  }
  return {
    texts: Array.from(texts, (text: unknown, i) => string(text, `texts[${i}]`)),
    clips: Array.from(list, (clip, i) => takeClip(clip, isList ? `voices[${i}]` : 'voices')),
  }
}

/** Pairs each text with the voices in turn. If there are more voices than texts, each voice occurs once. */
export function pairs({ texts, clips }: Samples): { text: number; voice: number }[] {
  const count = Math.max(texts.length, clips.length)
  return Array.from({ length: count }, (_, i) => ({ text: i % texts.length, voice: i % clips.length }))
}
