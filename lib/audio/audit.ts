/** Examines a clip before it becomes a voice: what a listener, or a recorder's meter, would object to. */

import { basename } from 'node:path'
import { types } from 'node:util'
import { binding, native } from '../addon/binding.js'
import { withAbort } from '../base/abort.js'
import { abortSignal } from '../base/kinds.js'
import { type OptionsOf, optionTable, readOptions } from '../base/options.js'
import { type AudioHeader, audioHeader } from './audio_header.js'
import { type AuditFinding, findings } from './audit_findings.js'
import { type Clip, hearClip, mostSeconds, readClipFile, type TakenClip, takeClip } from './clips.js'
import { decibels, type FoundSound, findSound, meanOf } from './levels.js'

export const auditTable = optionTable({
  /** Stops the call with CLVP_ABORTED. */
  signal: { kind: abortSignal() },
})

/** Options of auditClip(). */
export interface AuditOptions extends OptionsOf<typeof auditTable> {}

/** What was measured. Levels are in dBFS, decibels relative to a mean square of 1, and at least -100. */
export interface AuditMeasures {
  /** 'samples' for a clip that came as samples. */
  format: AudioHeader['format'] | 'samples' | 'unknown'
  /** Hz. */
  sampleRate: number
  /** 0 if unknown. */
  channels: number
  /** Length in seconds, up to the ten minutes that are read. */
  seconds: number
  /** Seconds that are louder than silence. */
  soundSeconds: number
  /** Where the sound starts and ends, in seconds; a voice skips what lies outside. */
  soundStart: number
  soundEnd: number
  /** The largest sample, 1 at full scale. */
  peak: number
  /** The level that the loudest tenth of a second reaches. */
  level: number
  /** The level that the quietest tenth of the clip stays below. */
  noise: number
  /** Share of the samples in flat tops: three or more in a row at the clip's peak. */
  clipped: number
  /** Mean of the samples. */
  offset: number
  /**
   * Highest frequency up to 8,000 Hz, the highest that the model hears, whose mean level is within 55 dB of
   * the strongest band's; in Hz.
   */
  bandwidth: number
  /** Share of the frames with less than a quarter of the mean power. Speech has pauses: 0.3 to 0.7. */
  quietFrames: number
}

/** What is known about a clip. Plain data. */
export interface ClipAudit {
  /** The file's name; 'clip' for bytes and samples. */
  name: string
  measures: AuditMeasures
  /** Empty if nothing is wrong; the gravest first. */
  findings: AuditFinding[]
}

/** tortoise's mel features, whose bands are those that every published model hears. */
const melParams = {
  sampleRate: 22_050,
  fftLength: 1024,
  hopLength: 256,
  channels: 80,
  norms: new Float32Array(),
}
const topFrequency = 8000
/** Seconds of sound that the spectrum is measured over. */
const spectrumSeconds = 60
const step16 = 1 / 32_768

/**
 * Examines a clip: clipping, silence, noise, missing frequencies, an offset, music, and more. It needs no
 * model.
 *
 * @example
 * ```js
 * const { findings } = await auditClip('me.wav')
 * for (const { severity, message } of findings) console.log(severity, message)
 * ```
 *
 * @param clip as for `Clvp.voice`; at most the first ten minutes are read
 * @throws ClvpError CLVP_INVALID_ARGUMENT for what is no clip, CLVP_AUDIO for damaged or empty audio or an
 *   unknown format, CLVP_IO for a file that cannot be read, CLVP_ABORTED. A bad recording is not an error:
 *   the findings tell.
 */
export async function auditClip(clip: Clip, options: AuditOptions = {}): Promise<ClipAudit> {
  const { signal } = readOptions(auditTable, options, 'options')
  const taken = takeClip(clip, 'clip')
  const name = typeof taken === 'string' ? basename(taken) : 'clip'
  return withAbort(
    signal,
    () => {},
    async () => {
      const loaded = typeof taken === 'string' ? await readClipFile(taken) : taken
      const header = headerOf(loaded)
      const title = typeof taken === 'string' ? taken : 'clip'
      const { samples, odd } = await hearClip(loaded, title, header.sampleRate)
      const heard = await native(() => binding.resample(samples, header.sampleRate, melParams.sampleRate))
      const sound = findSound(heard, melParams.sampleRate)
      const measures: AuditMeasures = {
        ...header,
        seconds: samples.length / header.sampleRate,
        soundSeconds: sound.seconds,
        soundStart: sound.start / melParams.sampleRate,
        soundEnd: sound.end / melParams.sampleRate,
        ...flatTops(samples),
        level: Math.max(-100, sound.level),
        noise: Math.max(-100, sound.noise),
        offset: meanOf(samples),
        bandwidth: await bandwidthOf(heard, sound),
        quietFrames: quietShare(sound, heard.length),
      }
      return { name, measures, findings: findings(measures, mostSeconds, odd) }
    },
  )
}

/** Clips are measured at their own rate: resampling rounds flat tops off. */
function headerOf(
  clip: Exclude<TakenClip, string>,
): Pick<AuditMeasures, 'format' | 'sampleRate' | 'channels'> {
  if (!types.isUint8Array(clip)) return { format: 'samples', sampleRate: clip.sampleRate, channels: 1 }
  return audioHeader(clip) ?? { format: 'unknown', sampleRate: 44_100, channels: 0 }
}

/**
 * Samples at the peak stand in a row only where the peak was cut off. A quiet clip has too few steps to tell.
 */
function flatTops(samples: Float32Array): { peak: number; clipped: number } {
  let peak = 0
  for (let i = 0; i < samples.length; i++) peak = Math.max(peak, Math.abs(samples[i]!))
  if (peak < 0.5) return { peak, clipped: 0 }
  let [flat, run] = [0, 0]
  const end = () => {
    if (run >= 3) flat += run
    run = 0
  }
  for (let i = 0; i < samples.length; i++) {
    if (Math.abs(samples[i]!) >= peak - 1.5 * step16) run++
    else end()
  }
  end()
  return { peak, clipped: flat / samples.length }
}

async function bandwidthOf(samples: Float32Array, sound: FoundSound): Promise<number> {
  if (!Number.isFinite(sound.level)) return 0
  // Amplified until the floor of the features lies far below 55 dB under any speech.
  const gain = 100 / 10 ** (sound.level / 20)
  const end = Math.min(sound.end, sound.start + spectrumSeconds * melParams.sampleRate)
  const loud = samples.slice(sound.start, end).map((sample) => sample * gain)
  const { data, channels, frames } = await native(() => binding.melFeatures(loud, melParams, loud.length))
  const levels = Array.from({ length: channels }, (_, band) => {
    let power = 0
    for (let at = band * frames; at < (band + 1) * frames; at++) power += Math.exp(data[at]!)
    return decibels(power / frames)
  })
  const strongest = levels.reduce((most, level) => Math.max(most, level))
  const highest = levels.findLastIndex((level) => level > strongest - 55)
  return highest === channels - 1 ? topFrequency : Math.round(centre(highest, channels))
}

/** Centre of a mel band in Hz. */
function centre(band: number, channels: number): number {
  const top = Math.log1p(topFrequency / 700)
  return 700 * Math.expm1((top * (band + 1)) / (channels + 1))
}

function quietShare({ frames, start, end }: FoundSound, length: number): number {
  const frameOf = (sample: number) => Math.round((sample / length) * frames.length)
  const powers = frames.slice(frameOf(start), frameOf(end)).map((level) => 10 ** (level / 10))
  const mean = powers.reduce((sum, power) => sum + power, 0) / powers.length
  return powers.filter((power) => power < mean / 4).length / Math.max(1, powers.length)
}
