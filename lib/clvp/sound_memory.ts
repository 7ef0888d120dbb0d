/**
 * The share of the speech stages in the estimate of a call's memory. As in memory.ts, the factors say how many rows of a layer's width
 * GGML's allocator keeps at once; they follow from the graphs in native/src/speech. scripts/memory/speech.mjs compares them with
 * what processes take.
 */
import type { NativeHeld } from '../addon/contract/files.js'
import type { NativeInfo } from '../addon/contract/session.js'
import { type SpeechKind, soundFrames } from '../addon/contract/speech.js'
import { needStage } from '../addon/stages.js'

/** What of a call determines the memory of its sound. */
export interface SoundRequest {
  kind: SpeechKind
  /** Codes that are heard. */
  codes: number
  /** Whether the diffusion model also runs without text and voice. */
  isGuided: boolean
}

/** Bytes of the largest graph of the sound, and of what JavaScript and the core hold beside it. */
export interface SoundMemory {
  graph: number
  held: number
}

const float = 4
/** Latents of a part of HiFi-GAN, which is one graph. */
const partLatents = 16
/** Frames of a window of UnivNet, without its margins. */
const windowFrames = 32
/** Frames of silence behind a spectrogram. */
const silentFrames = 10
/** Rows alive at once for each frame at the widest place of each graph. */
const rows = { hifigan: 7, diffusion: 11, vocoder: 7 }
/** Copies of the sound: in the core, as it came, joined, and as the result. */
const sampleCopies = 4
/** Copies of a spectrogram: the noise, the model's answer, and those of the sampler. */
const melCopies = 8
/** Scores, biases and weights of each pair of frames, where attention is made of GGML's operations. */
const pairCopies = 3

type Values = Readonly<Record<string, NativeHeld>>

export function soundMemory(info: NativeInfo, values: Values, request: SoundRequest): SoundMemory {
  return request.kind === 'hifigan'
    ? hifiganMemory(info, values, request.codes)
    : diffusionMemory(info, values, soundFrames(request.codes), request.isGuided ? 2 : 1)
}

const sizeOf = (values: Values, name: string) => values[name] as number
const sizesOf = (values: Values, name: string) => [...(values[name] as Iterable<number>)]

function hifiganMemory(info: NativeInfo, values: Values, codes: number): SoundMemory {
  const { hop, framesPerLatent } = needStage(info, 'hifigan')
  const frames = soundFrames(codes, framesPerLatent)
  const kernels = sizesOf(values, 'clvp.hifigan.resblock_kernel_sizes')
  const taps = Math.max(...kernels)
  const half = (taps - 1) / 2
  const dilations = sizesOf(values, 'clvp.hifigan.resblock_dilations')
  const reach = dilations.reduce((sum, dilation) => sum + half * (dilation + 1), 0)
  // Panels on the CPU are convolved without a copy of each window.
  const alive = rows.hifigan + (info.device === 'CPU' ? 0 : taps + 1)
  let width = sizeOf(values, 'clvp.hifigan.channel_count')
  let rate = 1
  let most = 0
  for (const up of sizesOf(values, 'clvp.hifigan.upsample_rates')) {
    width /= 2
    rate *= up
    const length = Math.min(partLatents * framesPerLatent, frames) * rate + 2 * reach
    most = Math.max(most, width * length)
  }
  return { graph: float * alive * most, held: float * sampleCopies * hop * frames }
}

function diffusionMemory(info: NativeInfo, values: Values, frames: number, batch: number): SoundMemory {
  const { width, melChannels } = needStage(info, 'diffusion')
  const { hop } = needStage(info, 'vocoder')
  const heads = sizeOf(values, 'clvp.diffusion.head_count')
  const pairs = info.device === 'CPU' ? 0 : pairCopies * heads * frames ** 2
  const pass = float * batch * (rows.diffusion * width * frames + pairs)
  const held = float * frames * (melCopies * melChannels + sampleCopies * hop)
  return { graph: Math.max(pass, vocoderGraph(values, frames)), held }
}

function vocoderGraph(values: Values, frames: number): number {
  const width = sizeOf(values, 'clvp.vocoder.channel_count')
  const dilations = sizesOf(values, 'clvp.vocoder.dilations')
  const seen = dilations.reduce((sum, dilation) => sum + dilation + 1, 0)
  const strides = sizesOf(values, 'clvp.vocoder.strides')
  let hop = 1
  let edge = 1 // frames at each side: of the signal as a whole, and of its last and longest level
  let lastEdge = 1
  for (const stride of strides) {
    hop *= stride
    lastEdge = 1 + Math.ceil((stride + seen) / hop)
    edge += lastEdge - 1
  }
  const window = (margin: number) => Math.min(frames + silentFrames, windowFrames + 2 * margin)
  const kernels = dilations.length * 2 * width * (3 * width + 1) // of each frame, predicted
  return float * (kernels * window(edge) + rows.vocoder * width * hop * window(lastEdge))
}
