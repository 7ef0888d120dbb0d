/** Turns codes into sound, by either way. */
import type { NativePrompt } from '../addon/contract/drawing.js'
import type { NativeInfo } from '../addon/contract/session.js'
import { needStage } from '../addon/stages.js'
import type { Voice } from '../audio/voice.js'
import { ClvpError } from '../base/errors.js'
import { latentsPositions } from '../clvp/latents.js'
import type { Candidate } from '../clvp/result.js'
import { mostTokens } from '../session/positions.js'
import type { Session } from '../session/session.js'
import type { CodeSource } from './code_source.js'
import type { DiffusionSettings } from './diffusion_options.js'
import type { SpeechKind } from './speak_options.js'
import { tortoiseEnd } from './tortoise_end.js'

/** Calm codes that follow a row which the model ended: room for the speech to fade out, as in tortoise. */
const CALM_CODES = 8

export type SoundStage = 'latents' | 'hifigan' | 'diffusion' | 'vocoder'

/** What the sound of one row is made with. */
export interface SoundJob {
  session: Session
  prompt: NativePrompt
  voice: Voice
  /** Of the noise. */
  seed: number
  signal: AbortSignal | undefined
  /** Counts a stage's time, and tells how far it has come. */
  track: <T>(stage: SoundStage, run: (tell: (fraction: number) => void) => Promise<T>) => Promise<T>
}

/** Samples, and how many codes of the row they and those before them stand for. */
export interface SoundPiece {
  samples: Float32Array
  codes: number
}

/**
 * The codes that are heard: those that were drawn, and some of silence if the model ended the row. With `isTortoise` the row ends where
 * tortoise ends it: at nine calm codes in a row, even if they are a pause.
 */
export function heardCodes(
  { codes, drawnCodes, finishReason }: Pick<Candidate, 'codes' | 'drawnCodes' | 'finishReason'>,
  info: NativeInfo,
  isTortoise: boolean,
): Int32Array {
  const calm = info.fixingCodes[0]!
  const most = mostTokens(info, latentsPositions)
  if (isTortoise)
    return Int32Array.from(codes.slice(0, Math.min(most, tortoiseEnd(Int32Array.from(codes), calm))))
  const tail = new Int32Array(finishReason === 'stop' ? CALM_CODES : 0).fill(calm)
  return Int32Array.from([...drawnCodes, ...tail]).slice(0, most)
}

/** Latents [n, width] of a row. */
function latentsOf({ session, prompt, signal, track }: SoundJob, codes: Int32Array): Promise<Float32Array> {
  return track('latents', () => session.latents(prompt, codes, latentsPositions, signal))
}

/**
 * Sound by HiFi-GAN, piece by piece. With `source`, a row that may still be drawn, each piece is made as soon as its codes are there, of the
 * latents of these codes alone: the samples are the same whether the row is complete or not.
 *
 * @param row resolves to the codes that are heard, once they are drawn
 */
export async function* hifiganSound(
  job: SoundJob,
  source: CodeSource | undefined,
  row: () => Promise<Int32Array>,
): AsyncGenerator<SoundPiece> {
  needStage(job.session.info, 'hifigan')
  const parts = partCounter(job.session)
  let done = 0
  for (let step = 1; source; step++) {
    const last = done + Math.max(1, step - 1) // short pieces first, so that the sound begins soon; then longer ones, which cost less
    const n = await parts.codesFor(last)
    const codes = await source.first(n)
    if (!codes) break
    const latents = await latentsOf(job, codes)
    yield { samples: await render(job, latents, done, last, false), codes: n }
    done = last
  }
  const codes = await row()
  const latents = await latentsOf(job, codes)
  const end = await parts.count(codes.length, true)
  for (let step = 1; done < end; step++) {
    const last = source ? end : Math.min(end, done + step)
    yield { samples: await render(job, latents, done, last, true), codes: codes.length }
    done = last
  }
}

function render(
  { session, voice, signal, track }: SoundJob,
  latents: Float32Array,
  first: number,
  last: number,
  isEnd: boolean,
): Promise<Float32Array> {
  const request = { latents, voice: Float32Array.from(voice.embedding), first, last, isEnd }
  return track('hifigan', (onProgress) =>
    session.follow((native, flag, hooks) => native.hifigan(request, flag, hooks), { signal, onProgress }),
  )
}

/** How many parts of HiFi-GAN's sound a number of codes makes. */
function partCounter(session: Session) {
  const count = (codes: number, isEnd: boolean): Promise<number> =>
    session.follow(async (native) => native.hifiganParts(codes, isEnd))
  return {
    count,
    /** The least number of codes that makes `parts` parts, whatever follows. */
    async codesFor(parts: number): Promise<number> {
      let low = 0
      let high = 16
      while ((await count(high, false)) < parts) high *= 2
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2)
        if ((await count(middle, false)) < parts) low = middle
        else high = middle
      }
      return high
    },
  }
}

/** Sound by the diffusion model and the vocoder, in one piece. */
export async function* diffusionSound(
  job: SoundJob,
  settings: DiffusionSettings,
  row: () => Promise<Int32Array>,
): AsyncGenerator<SoundPiece> {
  const { session, seed, signal, track } = job
  const { width } = needStage(session.info, 'diffusion')
  needStage(session.info, 'vocoder')
  const voice = diffusionVoice(job.voice, 2 * width)
  const codes = await row()
  const latents = await latentsOf(job, codes)
  const { diffusionTemperature, ...others } = settings
  const request = { ...others, temperature: diffusionTemperature, latents, voice, seed }
  const mel = await track('diffusion', (onProgress) =>
    session.follow((native, flag, hooks) => native.diffuse(request, flag, hooks), { signal, onProgress }),
  )
  const samples = await track('vocoder', (onProgress) =>
    session.follow((native, flag, hooks) => native.vocode({ mel, seed }, flag, hooks), {
      signal,
      onProgress,
    }),
  )
  yield { samples, codes: codes.length }
}

/** Refuses a model that lacks a stage, or a voice that does not suit it, before anything is drawn. */
export function checkWay(kind: SpeechKind, info: NativeInfo, voice: Voice): void {
  if (kind === 'hifigan') {
    needStage(info, 'hifigan')
    return
  }
  const { width } = needStage(info, 'diffusion')
  needStage(info, 'vocoder')
  diffusionVoice(voice, 2 * width)
}

function diffusionVoice({ diffusion }: Voice, width: number): Float32Array {
  if (diffusion?.length === width) return Float32Array.from(diffusion)
  throw new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    diffusion
      ? `Expected a voice with ${width} numbers for the diffusion stage but received one with ${diffusion.length}: make the voice with this model`
      : "Expected a voice for the diffusion stage but received one without: make it with clvp.voice() of a model that has the part 'diffusion', or set speech: 'hifigan'",
  )
}
