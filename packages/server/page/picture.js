/** Pictures of sound: mel spectrograms in the colours of the library's plots. */

const anchors = [
  [8, 6, 32],
  [62, 16, 102],
  [130, 32, 118],
  [198, 58, 96],
  [240, 112, 58],
  [252, 180, 76],
  [254, 244, 200],
]

const palette = Array.from({ length: 256 }, (_, level) => {
  const place = (level / 255) * (anchors.length - 1)
  const from = Math.min(Math.floor(place), anchors.length - 2)
  return anchors[from].map((value, i) => Math.round(value + (place - from) * (anchors[from + 1][i] - value)))
})

/** Draws levels of 0 to 255, row by row, high channels first. */
export function draw(canvas, { channels, frames, levels }) {
  canvas.width = frames
  canvas.height = channels
  const context = canvas.getContext('2d')
  const image = context.createImageData(frames, channels)
  for (const [i, level] of levels.entries()) image.data.set([...palette[level], 255], 4 * i)
  context.putImageData(image, 0, 0)
}

/** The picture that the server sends with a candidate. */
export function fromServer({ channels, frames, data }) {
  return { channels, frames, levels: Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0)) }
}

const size = 1024
const bands = 80

/** The picture of samples, for a model whose codes have none. */
export function fromSamples({ samples, sampleRate }) {
  const hop = Math.max(256, Math.ceil(samples.length / 1200))
  const frames = Math.max(1, Math.ceil(samples.length / hop))
  const edges = Array.from({ length: bands + 1 }, (_, i) => binOf(i, sampleRate))
  const values = new Float32Array(bands * frames)
  for (let frame = 0; frame < frames; frame++) {
    const powers = spectrum(samples, frame * hop)
    for (let band = 0; band < bands; band++) {
      let sum = 1e-9
      for (let bin = edges[band]; bin < Math.max(edges[band] + 1, edges[band + 1]); bin++) sum += powers[bin]
      values[(bands - 1 - band) * frames + frame] = Math.log(sum)
    }
  }
  const high = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY)
  const levels = Uint8Array.from(values, (value) => Math.max(0, Math.round(255 * (1 - (high - value) / 14))))
  return { channels: bands, frames, levels }
}

/** The bin of a band's lower edge, on the mel scale up to 10 kHz. */
function binOf(band, sampleRate) {
  const most = 2595 * Math.log10(1 + Math.min(10_000, sampleRate / 2) / 700)
  const hertz = 700 * (10 ** ((most * band) / bands / 2595) - 1)
  return Math.min(size / 2 - 1, Math.round((hertz * size) / sampleRate))
}

/** Powers of a window of samples, by a radix-2 FFT. */
function spectrum(samples, start) {
  const real = new Float32Array(size)
  const imaginary = new Float32Array(size)
  for (let i = 0; i < size; i++) {
    const place = Number.parseInt(i.toString(2).padStart(10, '0').split('').reverse().join(''), 2)
    real[place] = (samples[start + i] ?? 0) * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size))
  }
  for (let half = 1; half < size; half *= 2) {
    for (let k = 0; k < half; k++) {
      const [c, s] = [Math.cos((Math.PI * k) / half), -Math.sin((Math.PI * k) / half)]
      for (let i = k; i < size; i += 2 * half) {
        const j = i + half
        const [x, y] = [real[j] * c - imaginary[j] * s, real[j] * s + imaginary[j] * c]
        real[j] = real[i] - x
        imaginary[j] = imaginary[i] - y
        real[i] += x
        imaginary[i] += y
      }
    }
  }
  return real.map((value, i) => value * value + imaginary[i] * imaginary[i])
}
