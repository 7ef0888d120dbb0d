/** The native contract: the stages that turn codes into sound. clvp/speech.h documents the meaning of these types. */
import type { NativeMel } from './sound.js'

/** Samples a second of the speech stages. */
export const speechRate = 24000
/** Mel channels of the spectrograms of clips (NativeSession.speechMel). */
export const clipMelChannels = 100

/** Frames of sound for n latents: four each at 22.05 kHz, or as many as a HiFi-GAN makes of one, stretched to 24 kHz. */
export function soundFrames(latents: number, perLatent = 4): number {
  return Math.floor((latents * perLatent * 24000) / 22050)
}

/** How codes become sound. */
export type SpeechKind = 'hifigan' | 'diffusion'

/** Sizes of the stages that the model file has, loaded or not. */
export interface NativeSpeechInfo {
  hifigan?: { latentWidth: number; voiceWidth: number; hop: number; framesPerLatent: number }
  diffusion?: { width: number; latentWidth: number; melChannels: number; codes: number }
  vocoder?: { melChannels: number; noiseChannels: number; hop: number }
  /** Widths of random voices; 0 where the file makes none. */
  random?: { decoder: number; diffusion: number }
}

export type Sampler = 'p' | 'ddim' | 'dpm++2m'

/** DiffusionPass in clvp/speech.h. */
export interface NativePass {
  x: NativeMel
  time: number
  /** [n, latentWidth]; or codes in their place. */
  latents?: Float32Array | undefined
  codes?: Int32Array | undefined
  /** [2 * width] */
  voice?: Float32Array | undefined
  isFree: boolean
}

/** DiffusionSampling in clvp/speech.h. */
export interface NativeDiffusion {
  /** [n, latentWidth] */
  latents: Float32Array
  /** [2 * width] */
  voice: Float32Array
  steps: number
  sampler: Sampler
  guidance: number
  guidanceFrom: number
  ramp: boolean
  temperature: number
  seed: number
  /** [melChannels, frames], in place of the seed's. */
  noise?: Float32Array | undefined
  /** [steps, melChannels, frames], in the order of use. */
  stepNoise?: Float32Array | undefined
}

export interface NativeVocoding {
  mel: NativeMel
  seed: number
  /** [noiseChannels, frames + 10], in place of the seed's. */
  noise?: Float32Array | undefined
}

/** Parts first to last - 1 of HiFi-GAN's sound; `isEnd`: no latents follow those given. */
export interface NativeHifigan {
  latents: Float32Array
  voice: Float32Array
  first: number
  last: number
  isEnd: boolean
}
