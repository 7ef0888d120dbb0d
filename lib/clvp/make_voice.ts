/** Makes a voice of clips: which windows of them the model hears, and the mean of what it makes of each. */
import { randomInt } from 'node:crypto'
import { basename } from 'node:path'
import { type NamedClip, readClip, spreadClips, type TakenClip, takeClips } from '../audio/clips.js'
import { findSound, isAudible, leastSound, silentLevel } from '../audio/levels.js'
import { Voice, weightedMean } from '../audio/voice.js'
import type { ModelIdentity, VoiceClip, VoiceOrigin } from '../audio/voice_origin.js'
import { randomWindow, type Span, shareWindows, spreadWindows } from '../audio/windows.js'
import { pick } from '../base/check.js'
import { ClvpError } from '../base/errors.js'
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
}

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
  const latents = await latentVoice(clips, model.width)
  if (latents) {
    for (const name of ['windows', 'seconds', 'seed', 'compat']) refuse(plan.given, name, 'with recordings')
    return latents
  }
  const looks: { length: number; sound: Span }[] = []
  for (const { clip, name } of clips) looks.push(soundOf(await reader.read(clip, name), model, name))
  const seed = plan.windows === 'random' ? (plan.seed ?? randomInt(2 ** 48 - 1)) : undefined
  const chosen = chooseWindows(looks, plan, model, seed)
  const vectors: Float32Array[] = []
  const made: VoiceClip[] = []
  for (const [i, { clip, name }] of clips.entries()) {
    const samples = await reader.read(clip, name)
    for (const { start, end } of chosen[i]!) {
      vectors.push(await model.cache.condition(samples.slice(start, end), plan.signal))
    }
    const second = (sample: number) => sample / model.sampleRate
    const windows = chosen[i]!.map(({ start, end }) => ({ start: second(start), end: second(end) }))
    const title = typeof clip === 'string' ? basename(clip) : name // what the voice remembers a clip by
    made.push({ name: title, seconds: second(samples.length), windows })
  }
  const origin: VoiceOrigin = {
    ...(model.identity && { model: model.identity }),
    clips: made,
    windows: plan.windows,
    ...(seed !== undefined && { seed }),
  }
  const mean = weightedMean(vectors, new Array(vectors.length).fill(1 / vectors.length))
  return new Voice(mean, clips.length, origin)
}

/**
 * Reads clips twice without decoding them twice, unless they are so long that the memory is worth more than
 * the time.
 */
class ClipReader {
  readonly #sampleRate: number
  readonly #signal: AbortSignal | undefined
  readonly #held = new Map<TakenClip, Float32Array>()
  #count = 0

  constructor(sampleRate: number, signal: AbortSignal | undefined) {
    this.#sampleRate = sampleRate
    this.#signal = signal
  }

  async read(clip: TakenClip, name: string): Promise<Float32Array> {
    const held = this.#held.get(clip)
    if (held) return held
    const samples = await readClip(clip, name, this.#sampleRate, this.#signal)
    if (this.#count + samples.length <= mostHeld) {
      this.#held.set(clip, samples)
      this.#count += samples.length
    }
    return samples
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
