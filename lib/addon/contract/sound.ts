/** The native contract: sound and its mel spectrogram. clvp.h documents the meaning of these types. */

/** Mel frames that one speech code stands for; frames_per_code of clvp.h. */
export const framesPerCode = 4

export interface NativeMel {
  /** [channels, frames], frames contiguous. */
  data: Float32Array
  channels: number
  frames: number
}

/** Mono samples in [-1, 1]; the rate in Hz. */
export interface NativeAudio {
  samples: Float32Array
  sampleRate: number
}

/** ClvpFeatureExtractor's sizes; rate in Hz, `norms` empty or one divisor for each channel. */
export interface NativeMelParams {
  sampleRate: number
  fftLength: number
  hopLength: number
  channels: number
  norms: Float32Array
}
