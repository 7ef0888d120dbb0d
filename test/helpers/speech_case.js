/**
 * What is asked of tortoise-tts' classes for sound, of transformers' UnivNetModel and of ours, for stages of given sizes. All inputs
 * follow from the seed. scripts/parity/speech_live.mjs runs both sides; the reference's answers for one size are in
 * test/golden/speech.json.
 */
import { hash, nameKey } from './checkpoint.js'

// --- inputs: the same as in speech_answers.py, bit for bit ------------------------------------------------------------------

/** Noise of mean 0 and deviation 1 by (seed, name): sums of three uniform numbers, in float32. */
export function noise(seed, name, shape, { scale = 1, offset = 0 } = {}) {
  const key = nameKey(seed, name)
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1))
  const whole = (index) => (hash(key, index) >>> 8) - 2 ** 23
  for (let i = 0; i < data.length; i++) {
    const sum = whole(3 * i) + whole(3 * i + 1) + whole(3 * i + 2)
    data[i] = Math.fround(Math.fround(sum * 2 ** -23) * Math.fround(scale)) + Math.fround(offset)
  }
  return data
}

/** `count` ids from 0 to `high` - 1. */
export function ids(seed, name, count, high) {
  const key = nameKey(seed, name)
  return Int32Array.from({ length: count }, (_, i) => hash(key, i) % high)
}

/** Log-mel values of speech lie around here. */
export const melRange = { scale: 2, offset: -5 }

/** Mel frames at 24 kHz for so many codes at 22.05 kHz. */
export const framesOf = (codes) => Math.floor((codes * 4 * 24000) / 22050)

// --- a case ---------------------------------------------------------------------------------------------------------------

/** The arguments of the reference's classes. */
function stagesOf({ width, codes, mels, hifigan, diffusion, vocoder, univnet }) {
  const { channels, heads, layers } = diffusion
  return {
    hifigan: {
      ...{ in_channels: width, out_channels: 1, resblock_type: '1', cond_channels: width },
      resblock_kernel_sizes: hifigan.kernels,
      resblock_dilation_sizes: hifigan.kernels.map(() => [1, 3, 5]),
      upsample_kernel_sizes: hifigan.rates.map((rate) => 2 * rate),
      upsample_initial_channel: hifigan.channels,
      upsample_factors: hifigan.rates,
    },
    diffusion: {
      ...{ model_channels: channels, num_layers: layers, num_heads: heads },
      ...{ in_channels: mels, out_channels: 2 * mels, in_latent_channels: width, in_tokens: codes - 1 },
      ...{ dropout: 0, use_fp16: false, layer_drop: 0, unconditioned_percentage: 0 },
    },
    vocoder: {
      ...{ noise_dim: vocoder.noise, channel_size: vocoder.channels, n_mel_channels: mels },
      dilations: vocoder.dilations,
      strides: vocoder.strides,
      lReLU_slope: 0.2,
      hop_length: vocoder.strides.reduce((a, b) => a * b, 1),
    },
    univnet: {
      ...{ model_in_channels: univnet.noise, model_hidden_channels: univnet.channels, num_mel_bins: mels },
      resblock_kernel_sizes: univnet.strides.map(() => 3),
      resblock_stride_sizes: univnet.strides,
      resblock_dilation_sizes: univnet.strides.map(() => univnet.dilations),
      kernel_predictor_num_blocks: univnet.blocks,
      // Its class takes both for the same.
      kernel_predictor_hidden_channels: univnet.noise,
      leaky_relu_slope: univnet.slope,
    },
    randomDecoder: { channels: width },
    randomDiffusion: { channels: 2 * channels },
  }
}

/** Rows of codes that end, do not end, end at once, and have pauses of eight and of nine calm codes. */
function rowsOf({ seed, codes }) {
  const calm = 83
  const row = (name, length) => [...ids(seed, `row ${name}`, length, codes - 2)]
  const pause = (length) => Array(length).fill(calm)
  return [
    row('short', 20),
    row('whole', 60),
    [],
    [...row('long', 57)],
    [...row('before eight', 9), ...pause(8), ...row('after eight', 9)],
    [...row('before nine', 9), ...pause(9), ...row('after nine', 9)],
  ]
}

/**
 * The whole case: the classes' arguments, and requests by subject. Each subject is a list of requests;
 * speech_answers.js and speech_reference.py tell what each of them computes.
 */
export function makeSpeechCase(size) {
  const {
    seed,
    sounds,
    forwards,
    conditions,
    samples,
    vocodes,
    forms = { isTorch: true },
    keep = null,
  } = size
  return {
    ...{ seed, forms, keep, isSmooth: size.isSmooth ?? false },
    stages: stagesOf(size),
    sounds: sounds.map((codes) => ({ codes })),
    forwards,
    conditions,
    samples,
    vocodes: vocodes.map((frames) => ({ frames })),
    univnets: vocodes.map((frames) => ({ frames })),
    chains: [{ ...{ codes: 2, steps: 4, sampler: 'ddim', guidance: 2, temperature: 1 } }],
    randoms: [{ stage: 'randomDecoder' }, { stage: 'randomDiffusion' }],
    mels: size.clip ? [{ seed: 10 * seed + 1, samples: size.clip }] : [],
    voices: size.clip ? [[1], [1, 2, 3]].map((clips) => clips.map((clip) => 10 * seed + clip)) : [],
    rows: { padTo: 60, stop: size.codes - 1, codes: rowsOf(size) },
  }
}

// --- sizes ----------------------------------------------------------------------------------------------------------------

const sample = (codes, steps, sampler = 'p', guidance = 2, temperature = 1) => {
  return { codes, steps, sampler, guidance, temperature }
}
/** The samplings of every size. */
const allSamplers = (codes) => [
  sample(codes, 30),
  sample(codes, 30, 'p', 0),
  sample(codes, 20, 'ddim'),
  sample(codes, 20, 'ddim', 0),
]
const forward = (by, codes, time) => ({ by, codes, time })

/** The pair of checkpoints beside the stages, for recipeOf() of tortoise_case.js: as small as they get. */
const pair = {
  ...{ layers: 1, codes: 300, positions: 40, texts: 40, words: 256 },
  ...{ text: { width: 64, layers: 1 }, speech: { width: 64, layers: 1 }, latent: 64 },
}
const publishedVocoder = { noise: 64, channels: 32, strides: [8, 8, 4], dilations: [1, 3, 9, 27] }
const publishedHifigan = { channels: 512, rates: [8, 8, 2, 2], kernels: [3, 7, 11] }

/** Two codes make 8 frames at either sample rate: torch then copies them, where the factor would move them. */
const copied = 2
/** 147 codes make 640 frames exactly, which a rounded factor may miss. */
const exact = 147

/** The size whose answers `npm test` knows. */
export const goldenSize = {
  ...{ name: 'golden', seed: 21, ...pair, width: 64, mels: 100, forms: null, keep: 1500, clip: 5000 },
  hifigan: { channels: 32, rates: [4, 4, 2], kernels: [3, 7, 11] },
  diffusion: { channels: 48, heads: 3, layers: 2 },
  vocoder: { noise: 20, channels: 8, strides: [4, 3, 2], dilations: [1, 3, 9, 27] },
  univnet: { noise: 12, channels: 6, strides: [2, 5], dilations: [1, 2, 5], blocks: 2, slope: 0.1 },
  sounds: [1, copied, 5, exact],
  forwards: [
    ...[forward('latents', 5, 1234), forward('codes', 5, 17), forward('nothing', 5, 3999)],
    ...[forward('latents', 31, 0), forward('codes', exact, 400)],
  ],
  conditions: [
    { clips: 1, frames: 37 },
    { clips: 3, frames: 50 },
  ],
  samples: [
    ...allSamplers(3),
    ...[2, 3, 4, 5, 16, 80, 100].map((steps) => sample(2, steps)),
    ...[sample(2, 10, 'p', 1, 0.5), sample(2, 200, 'ddim', 0, 0.8)],
  ],
  vocodes: [1, 19, 60],
}

/** Channels that are no multiples of 32, odd lengths, other counts of mel channels and of stages, and frames of 512 and 1,024 samples. */
export const sizes = [
  {
    ...{ name: 'small', seed: 22, ...pair, width: 64, mels: 100, clip: 30_001 },
    hifigan: { channels: 32, rates: [8, 8, 2, 2], kernels: [3, 7, 11] },
    diffusion: { channels: 64, heads: 4, layers: 1 },
    vocoder: { ...publishedVocoder, channels: 16 },
    univnet: { ...publishedVocoder, channels: 16, blocks: 3, slope: 0.2 },
    sounds: [1, copied, 37, exact],
    forwards: [
      ...[0, 1, 999, 3999].map((time) => forward('latents', 7, time)),
      ...[1, 33, exact, 500].flatMap((codes) => ['latents', 'codes'].map((by) => forward(by, codes, 1234))),
      ...[forward('nothing', 3, 2), forward('nothing', 40, 3998)],
    ],
    conditions: [1, 3, 5].map((clips) => ({ clips, frames: 401 })),
    samples: [
      ...allSamplers(9),
      ...[2, 16, 20, 30, 80, 100, 200, 400, 1000, 4000].map((steps) => sample(2, steps, 'p', 0)),
    ],
    vocodes: [1, 33, 200],
  },
  {
    ...{ name: 'odd', seed: 23, ...pair, width: 192, mels: 36 },
    forms: { hifigan: 'plain', univnet: 'normed', wrapped: true },
    hifigan: { channels: 48, rates: [8, 8, 4, 2], kernels: [3, 5] },
    diffusion: { channels: 80, heads: 5, layers: 3 },
    vocoder: { noise: 10, channels: 12, strides: [3, 5, 2], dilations: [1, 3, 9] },
    univnet: { noise: 9, channels: 10, strides: [5, 3], dilations: [1, 4], blocks: 1, slope: 0.05 },
    sounds: [3, 50],
    forwards: ['latents', 'codes', 'nothing'].flatMap((by) => [forward(by, 1, 3), forward(by, 59, 2048)]),
    conditions: [
      { clips: 1, frames: 5 },
      { clips: 2, frames: 123 },
    ],
    samples: allSamplers(5),
    vocodes: [5, 47],
  },
  {
    ...{ name: 'broad', seed: 24, ...pair, width: 128, mels: 100, clip: 8000 },
    hifigan: { channels: 96, rates: [8, 8, 4, 4], kernels: [3, 7, 11] },
    diffusion: { channels: 96, heads: 2, layers: 4 },
    vocoder: { noise: 64, channels: 24, strides: [4, 4], dilations: [1, 3] },
    univnet: { ...publishedVocoder, channels: 20, blocks: 3, slope: 0.2 },
    sounds: [11],
    forwards: ['latents', 'codes', 'nothing'].map((by) => forward(by, 21, 3000)),
    conditions: [{ clips: 2, frames: 77 }],
    samples: allSamplers(11),
    vocodes: [31],
  },
]

export const publishedSize = {
  ...{ name: 'published', seed: 25, ...pair, width: 1024, codes: 8194, mels: 100, clip: 30_001 },
  hifigan: publishedHifigan,
  diffusion: { channels: 1024, heads: 16, layers: 10 },
  vocoder: publishedVocoder,
  univnet: { ...publishedVocoder, blocks: 3, slope: 0.2 },
  sounds: [1, 21],
  forwards: ['latents', 'codes', 'nothing'].map((by) => forward(by, 33, 1234)),
  conditions: [1, 3].map((clips) => ({ clips, frames: 401 })),
  samples: [sample(9, 30), sample(9, 20, 'ddim', 0)],
  vocodes: [31],
}

/** Of which a solver's order shows: only our side runs it. */
export const smoothSize = {
  ...{ name: 'smooth', seed: 26, ...pair, width: 64, mels: 36, isSmooth: true },
  hifigan: { channels: 8, rates: [2], kernels: [3] },
  diffusion: { channels: 80, heads: 5, layers: 3 },
  vocoder: { noise: 4, channels: 4, strides: [2], dilations: [1] },
  univnet: { noise: 4, channels: 4, strides: [2], dilations: [1], blocks: 1, slope: 0.2 },
  ...{ sounds: [], forwards: [], conditions: [], vocodes: [], samples: [] },
}
