/** Makes a voice of clips: which windows of them the model hears, and the mean of what it makes of each. */
import { randomInt } from 'node:crypto'
import { basename } from 'node:path'
import { speechRate } from '../addon/contract/speech.js'
import {
  type HeardClip,
  hearClip,
  type NamedClip,
  spreadClips,
  type TakenClip,
  takeClips,
} from '../audio/clips.js'
import { findSound, isAudible, leastSound, silentLevel } from '../audio/levels.js'
import { Voice, weightedMean } from '../audio/voice.js'
import type { ModelIdentity, VoiceClip, VoiceOrigin } from '../audio/voice_origin.js'
import { randomWindow, type Span, shareWindows, spreadWindows } from '../audio/windows.js'
import { pick } from '../base/check.js'
import { ClvpError } from '../base/errors.js'
import { limits } from '../base/limits.js'
import { namesOf, readGiven, type ValuesOf } from '../base/options.js'
import { voiceTable } from './call_options.js'
import { type Compat, compatModes } from './compat.js'
import type { ContentCache } from './content_cache.js'
import { latentVoice } from './latent_voice.js'

interface VoicePlan extends ValuesOf<typeof voiceTable> {
  clips: NamedClip[]
  /** The options as they were given. */
  given: Readonly<Record<string, unknown>>
}

/** What a model's voices need of it. */
export interface VoiceModel {
  sampleRate: number
  clipSeconds: number
  /** Of a voice's vector. */
  width: number
  identity: ModelIdentity | undefined
  cache: ContentCache
  /** Of the diffusion stage's vectors; undefined for a model that does not make them. */
  diffusionWidth: number | undefined
}

/** Samples of a clip that tortoise's diffusion stage hears, at its sample rate: 4.27 s. */
const DIFFUSION_WINDOW = 102_400

/** Samples of decoded clips that are kept from the first look to the second, 64 MB. */
const mostHeld = 2 ** 24

/** Checks the arguments of voice() and copies the clips. @param loaded the model's own `compat` */
export function planVoice(clips: unknown, options: unknown, loaded: Compat | undefined): VoicePlan {
  const given = pick(options, namesOf(voiceTable), 'options')
  const { compat = loaded } = readGiven({ compat: voiceTable.compat }, given)
  const values = readGiven(voiceTable, { ...(compat && { windows: compatModes[compat].windows }), ...given })
  if (values.windows !== 'all') refuse(given, 'seconds', "with windows: 'all'")
  if (values.windows !== 'random') refuse(given, 'seed', "with windows: 'random'")
  return { ...values, clips: takeClips(clips), given }
}

function refuse(given: Readonly<Record<string, unknown>>, name: string, where: string): void {
  if (given[name] === undefined) return
  throw new ClvpError('CLVP_INVALID_ARGUMENT', `Expected ${name} only ${where} but received it: leave it out`)
}

/** Reads the clips, chooses windows, and has the model hear them. */
export async function makeVoice(plan: VoicePlan, model: VoiceModel): Promise<Voice> {
  const reader = new ClipReader(model.sampleRate, plan.signal)
  const clips = await spreadClips(plan.clips)
  const latents = await latentVoice(clips, model.width, model.diffusionWidth)
  if (latents) {
    for (const name of ['windows', 'seconds', 'seed', 'compat']) refuse(plan.given, name, 'with recordings')
    return latents
  }
  const looks: { length: number; sound: Span }[] = []
  for (const { clip, name } of clips)
    looks.push(soundOf((await reader.read(clip, name)).samples, model, name))
  const seed = plan.windows === 'random' ? (plan.seed ?? randomInt(2 ** 48 - 1)) : undefined
  const chosen = chooseWindows(looks, plan, model, seed)
  const vectors: Float32Array[] = []
  const made: VoiceClip[] = []
  for (const [i, { clip, name }] of clips.entries()) {
    const { samples, odd } = await reader.read(clip, name)
    for (const { start, end } of chosen[i]!) {
      vectors.push(await model.cache.condition(samples.slice(start, end), plan.signal))
    }
    const second = (sample: number) => sample / model.sampleRate
    const windows = chosen[i]!.map(({ start, end }) => ({ start: second(start), end: second(end) }))
    const title = typeof clip === 'string' ? basename(clip) : name // what the voice remembers a clip by
    made.push({ name: title, seconds: second(samples.length), windows, ...(odd !== undefined && { odd }) })
  }
  const origin: VoiceOrigin = {
    ...(model.identity && { model: model.identity }),
    clips: made,
    windows: plan.windows,
    ...(seed !== undefined && { seed }),
  }
  const mean = weightedMean(vectors, new Array(vectors.length).fill(1 / vectors.length))
  return new Voice(mean, clips.length, origin, await diffusionVector(clips, made, plan, model))
}

/**
 * The diffusion stage's vector of a voice: the mean over the first seconds of each window, as many as tortoise takes of a clip, at that stage's
 * sample rate. Shorter windows are padded with silence, as there.
 */
async function diffusionVector(
  clips: readonly NamedClip[],
  made: readonly VoiceClip[],
  plan: VoicePlan,
  model: VoiceModel,
): Promise<Float32Array | undefined> {
  if (model.diffusionWidth === undefined) return undefined
  const windows: Float32Array[] = []
  for (const [i, { clip, name }] of clips.entries()) {
    const { samples } = await hearClip(clip, name, speechRate, plan.signal)
    // tortoise takes the first seconds of a clip, also where the decoder hears a random window.
    const starts = plan.windows === 'all' ? made[i]!.windows.map(({ start }) => start) : [0]
    for (const start of starts) {
      const window = new Float32Array(DIFFUSION_WINDOW)
      const first = Math.min(Math.round(start * speechRate), samples.length)
      window.set(samples.subarray(first, first + DIFFUSION_WINDOW))
      windows.push(window)
    }
  }
  return model.cache.conditionSpeech(windows.slice(0, limits.voiceClips), plan.signal)
}

/**
 * Reads clips twice without decoding them twice, unless they are so long that the memory is worth more than
 * the time.
 */
class ClipReader {
  readonly #sampleRate: number
  readonly #signal: AbortSignal | undefined
  readonly #held = new Map<TakenClip, HeardClip>()
  #count = 0

  constructor(sampleRate: number, signal: AbortSignal | undefined) {
    this.#sampleRate = sampleRate
    this.#signal = signal
  }

  async read(clip: TakenClip, name: string): Promise<HeardClip> {
    const held = this.#held.get(clip)
    if (held) return held
    const heard = await hearClip(clip, name, this.#sampleRate, this.#signal)
    if (this.#count + heard.samples.length <= mostHeld) {
      this.#held.set(clip, heard)
      this.#count += heard.samples.length
    }
    return heard
  }
}

function soundOf(
  samples: Float32Array,
  { sampleRate }: VoiceModel,
  name: string,
): { length: number; sound: Span } {
  const sound = findSound(samples, sampleRate)
  if (isAudible(sound)) return { length: samples.length, sound }
  const length = (samples.length / sampleRate).toFixed(2)
  throw new ClvpError(
    'CLVP_AUDIO',
    `Expected at least ${leastSound} s of sound above ${silentLevel} dBFS in ${name} but received ${sound.seconds.toFixed(2)} s in a clip of ${length} s: take a recording of speech`,
  )
}

function chooseWindows(
  looks: readonly { length: number; sound: Span }[],
  plan: VoicePlan,
  { sampleRate, clipSeconds }: VoiceModel,
  seed: number | undefined,
): Span[][] {
  const window = sampleRate * clipSeconds
  if (seed !== undefined) return looks.map(({ length }, i) => [randomWindow(length, window, seed, i)])
  if (plan.windows === 'first')
    return looks.map(({ length }) => spreadWindows({ start: 0, end: length }, window, 1))
  const most = Math.floor(plan.seconds / clipSeconds)
  const counts = shareWindows(
    looks.map(({ sound }) => sound.end - sound.start),
    window,
    most,
  )
  return looks.map(({ sound }, i) => spreadWindows(sound, window, counts[i]!))
}
