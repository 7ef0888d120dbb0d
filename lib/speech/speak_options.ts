/** The options of speak() and speakStream(). */
import type { SpeechKind } from '../addon/contract/speech.js'
import type { Voice } from '../audio/voice.js'
import { pick } from '../base/check.js'
import { ClvpError } from '../base/errors.js'
import { abortSignal, callback, choice } from '../base/kinds.js'
import { namesOf, type OptionsOf, optionTable, readGiven, type ValuesOf } from '../base/options.js'
import { readingTable } from '../clvp/call_options.js'
import { type GenerateOptions, generateTable, type Preset } from '../clvp/generate_options.js'
import type { ModelInfo } from '../clvp/info.js'
import { samplingTable } from '../config/sampling.js'
import { diffusionTable } from './diffusion_options.js'
import { partTable } from './part_options.js'

export type { SpeechKind }

/** How far a call of speak() has come. */
export interface SpeakProgress {
  /** The part of the text, from 0, and how many there are. */
  part: number
  parts: number
  stage: 'generate' | 'rank' | 'latents' | 'hifigan' | 'diffusion' | 'vocoder'
  /** Finished share of the stage, 0 to 1. */
  fraction: number
}

export const wayTable = optionTable({
  /**
   * How codes become sound: 'hifigan', which is fast and can begin before the codes are complete; 'diffusion' with the vocoder, which
   * sounds best and takes many times as long; 'auto' (default): HiFi-GAN if the model has it.
   */
  speech: {
    kind: choice(['auto', 'hifigan', 'diffusion']),
    default: 'auto',
    help: 'how codes become sound; auto: hifigan if the model has it',
  },
})

export const followTable = optionTable({
  /** Stops the call with CLVP_ABORTED. */
  signal: { kind: abortSignal() },
  /** Called on the JavaScript thread; it must not throw. */
  onProgress: { kind: callback<(progress: SpeakProgress) => void>() },
})

// A table that spreads others loses the doc comments of their rows: interfaces extend each table by itself.
export const soundTable = { ...wayTable, ...diffusionTable }

export const speakTable = { ...soundTable, ...partTable, ...followTable }

/** Options of speak() and speakStream(): those of generate(), and those of the sound. */
export interface SpeakOptions
  extends OptionsOf<typeof wayTable>,
    OptionsOf<typeof diffusionTable>,
    OptionsOf<typeof partTable>,
    OptionsOf<typeof followTable>,
    Omit<GenerateOptions, 'latents' | 'signal' | 'onProgress'> {}

/** Passes of the diffusion model and guidance of tortoise's presets. */
export const presetSettings: Readonly<Record<Preset, { steps: number; guidance: number }>> = {
  ultra_fast: { steps: 30, guidance: 0 },
  fast: { steps: 80, guidance: 2 },
  standard: { steps: 200, guidance: 2 },
  high_quality: { steps: 400, guidance: 2 },
}

/** What generate() has and speak() has of its own, or does itself. */
const OWN: readonly string[] = ['latents', 'signal', 'onProgress']

const generateNames: readonly string[] = [
  ...namesOf(generateTable),
  ...namesOf(readingTable),
  ...namesOf(samplingTable),
].filter((name) => !OWN.includes(name))

export interface SpeakPlan extends ValuesOf<typeof speakTable> {
  /** The options of generate(). */
  draw: GenerateOptions
  /** The options as they were given. */
  made: { readonly voice: Voice; readonly [option: string]: unknown }
  /** A single candidate is spoken while it is drawn. */
  isLive: boolean
}

/** Checks the names and the sound's options; generate() checks the others. */
export function readSpeakOptions(value: unknown): SpeakPlan {
  const given = pick(value, [...new Set([...namesOf(speakTable), ...generateNames])], 'options')
  const draw = Object.fromEntries(Object.entries(given).filter(([name]) => generateNames.includes(name)))
  const { preset } = readGiven({ preset: generateTable.preset }, given)
  const isLive = given.candidates === 1 && given.beams === undefined
  if (isLive && given.retries !== undefined && given.retries !== 0) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      'Expected no retries with one candidate, which is spoken while it is drawn, but received them: leave retries out, or draw more candidates',
    )
  }
  const values = readGiven(speakTable, { ...(preset && presetSettings[preset]), ...given })
  return {
    ...values,
    speech: speechOf(values.speech, given),
    retries: isLive ? 0 : values.retries,
    draw: draw as unknown as GenerateOptions,
    made: given as SpeakPlan['made'],
    isLive,
  }
}

/** Which way of making sound the options ask for: one that tunes the diffusion model would be ignored by HiFi-GAN. */
export function speechOf(
  speech: 'auto' | SpeechKind,
  given: Readonly<Record<string, unknown>>,
): 'auto' | SpeechKind {
  const tuned = namesOf(diffusionTable).find((name) => given[name] !== undefined)
  if (tuned === undefined) return speech
  if (speech !== 'hifigan') return 'diffusion'
  throw new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected no ${tuned} with speech: 'hifigan' but received one: leave it out, or set speech: 'diffusion'`,
  )
}

/** Which way of making sound a call takes. */
export function kindOf(speech: 'auto' | SpeechKind, { name, speech: { ways } }: ModelInfo): SpeechKind {
  if (speech !== 'auto') return speech
  const [way] = ways
  if (way) return way
  throw new ClvpError(
    'CLVP_UNSUPPORTED',
    `Expected a model that can speak but ${name} has neither HiFi-GAN nor the diffusion model with its vocoder: convert it with tortoise's hifidecoder.pth beside its other files, or add it with clvp convert --add (docs/speech.md)`,
  )
}
