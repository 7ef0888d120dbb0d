// Made signals that stand for recordings: speech, hum, silence.

/** A repeatable noise in [-1, 1). */
export function noise(count, seed = 1) {
  let state = seed
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 31 - 1
  })
}

/**
 * What measures take for speech: syllables of four a second with a pause after every fifth, harmonics of 120 Hz, and hiss up to
 * the highest frequency.
 */
export function speech(seconds, sampleRate = 22050, loudness = 0.5) {
  const hiss = noise(Math.round(seconds * sampleRate))
  return hiss.map((value, i) => {
    const time = i / sampleRate
    if (Math.floor(time * 4) % 6 === 5) return 0
    const envelope = Math.sin(Math.PI * ((time * 4) % 1)) ** 3
    let tone = 0
    for (let n = 1; n <= 20; n++) tone += Math.sin(2 * Math.PI * 120 * n * time + n * n) / n
    return loudness * envelope * (0.3 * tone + 0.1 * value)
  })
}

/** Samples one after the other. */
export function joined(...parts) {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

export const silence = (seconds, sampleRate = 22050) => new Float32Array(Math.round(seconds * sampleRate))
