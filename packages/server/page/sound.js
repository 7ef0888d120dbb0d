/** Sound in the browser: decoding, joining, and WAV files. */

let context

/** The page's audio context; it may begin only after a click. */
export function audioContext() {
  context ??= new AudioContext()
  return context
}

/** A file's samples, mono, at the context's rate. */
export async function decode(bytes) {
  const buffer = await audioContext().decodeAudioData(bytes)
  const samples = new Float32Array(buffer.length)
  for (let channel = 0; channel < buffer.numberOfChannels; channel++) {
    const data = buffer.getChannelData(channel)
    for (let i = 0; i < samples.length; i++) samples[i] += data[i] / buffer.numberOfChannels
  }
  return { samples, sampleRate: buffer.sampleRate }
}

/** A WAV file of 16 bits. */
export function wavOf({ samples, sampleRate }) {
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length))
  const words = (at, text) => {
    for (let i = 0; i < text.length; i++) view.setUint8(at + i, text.charCodeAt(i))
  }
  words(0, 'RIFF')
  view.setUint32(4, 36 + 2 * samples.length, true)
  words(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, 1, true)
  view.setUint16(22, 1, true)
  view.setUint32(24, sampleRate, true)
  view.setUint32(28, 2 * sampleRate, true)
  view.setUint16(32, 2, true)
  view.setUint16(34, 16, true)
  words(36, 'data')
  view.setUint32(40, 2 * samples.length, true)
  for (let i = 0; i < samples.length; i++) {
    const value = Math.max(-1, Math.min(1, samples[i]))
    view.setInt16(44 + 2 * i, Math.round(value * 32767), true)
  }
  return new Blob([view], { type: 'audio/wav' })
}

/** Sounds one behind the other, with a pause between them. */
export function joined(sounds, pause = 0.5) {
  const { sampleRate } = sounds[0]
  const gap = Math.round(pause * sampleRate)
  const total = sounds.reduce((sum, { samples }) => sum + samples.length, gap * (sounds.length - 1))
  const samples = new Float32Array(total)
  let at = 0
  for (const each of sounds) {
    samples.set(each.samples, at)
    at += each.samples.length + gap
  }
  return { samples, sampleRate }
}
