/** What a clip's measures mean for a voice, and what to do about it. */
import type { AuditMeasures } from './audit.js'
import { leastSound, silentLevel } from './levels.js'

export type FindingCode =
  | 'no-sound'
  | 'too-short'
  | 'too-long'
  | 'too-quiet'
  | 'mostly-silent'
  | 'clipping'
  | 'noisy'
  | 'narrow-band'
  | 'band-limited'
  | 'music-like'
  | 'offset'
  | 'stereo'
  | 'odd-file'

/** Something to know about a clip. */
export interface AuditFinding {
  code: FindingCode
  /**
   * 'error': no voice can be made of it, or hardly one; 'warning': the voice will suffer; 'note': good to
   * know.
   */
  severity: 'error' | 'warning' | 'note'
  /** One sentence: what was found, and what to do. */
  message: string
}

type Rule = (measures: AuditMeasures, mostSeconds: number) => AuditFinding | undefined | false

/** Seconds of sound from which a voice is good: the window of the published model. */
const enough = 6

const seconds = (value: number) => `${value.toFixed(value < 1 ? 2 : 1)} s`
const percent = (share: number) => `${(100 * share).toFixed(share < 0.01 ? 2 : 0)} %`

const spoken = ({ soundStart, soundEnd }: AuditMeasures) => soundEnd - soundStart

/**
 * The limits come from the 92 clips of tortoise's own voices: none of them is clipped, noisy, band-limited or
 * music-like.
 */
const rules: readonly Rule[] = [
  (m) =>
    m.level <= silentLevel && {
      code: 'no-sound',
      severity: 'error',
      message: `There is less than ${leastSound} s of sound above ${silentLevel} dBFS: check that the right microphone was recorded.`,
    },
  (m) =>
    m.level > silentLevel &&
    spoken(m) < enough && {
      code: 'too-short',
      severity: spoken(m) < 2 ? 'warning' : 'note',
      message: `It has ${seconds(spoken(m))} without the silence at its ends: add clips until there are at least ${enough} s, better 30 s.`,
    },
  (m, most) =>
    m.seconds >= most && {
      code: 'too-long',
      severity: 'note',
      message: `Only the first ${most / 60} minutes are read: cut the best part out.`,
    },
  (m) =>
    m.level > silentLevel &&
    m.level < -40 && {
      code: 'too-quiet',
      severity: 'warning',
      message: `The speech reaches ${m.level.toFixed(0)} dBFS: amplify it to about -15, or record closer to the microphone.`,
    },
  (m) =>
    m.level > silentLevel &&
    m.soundSeconds < m.seconds / 2 && {
      code: 'mostly-silent',
      severity: 'note',
      message: `${percent(1 - m.soundSeconds / m.seconds)} is silence: it is skipped at both ends, but cut it out between sentences.`,
    },
  (m) =>
    m.clipped >= 1e-4 && {
      code: 'clipping',
      severity: m.clipped >= 0.01 ? 'error' : 'warning',
      message: `${percent(m.clipped)} of the samples are cut off at the peak: record again with less gain.`,
    },
  (m) =>
    m.level > silentLevel &&
    m.level - m.noise < 20 && {
      code: 'noisy',
      severity: 'warning',
      message: `The quietest parts are only ${(m.level - m.noise).toFixed(0)} dB below the loudest: remove noise, echo or music.`,
    },
  (m) =>
    m.bandwidth > 0 &&
    m.bandwidth < 4500 && {
      code: 'narrow-band',
      severity: 'warning',
      message: `There is almost nothing above ${m.bandwidth} Hz, as on a telephone: the voice will sound so, take a better recording.`,
    },
  (m) =>
    m.bandwidth >= 4500 &&
    m.bandwidth < 7000 && {
      code: 'band-limited',
      severity: 'warning',
      message: `There is almost nothing above ${m.bandwidth} Hz, as after strong compression: take the original recording.`,
    },
  (m) =>
    m.level > silentLevel &&
    m.quietFrames < 0.2 && {
      code: 'music-like',
      severity: 'warning',
      message:
        'The loudness is steady, as that of music, singing or noise and unlike that of speech: a guess, so listen, and take speech alone.',
    },
  (m) =>
    Math.abs(m.offset) >= 0.005 && {
      code: 'offset',
      severity: 'note',
      message: `The samples have a mean of ${m.offset.toFixed(3)} in place of 0: remove the offset with a high-pass filter at 20 Hz.`,
    },
  (m) =>
    m.channels > 1 && {
      code: 'stereo',
      severity: 'note',
      message: `The mean of the ${m.channels} channels is taken: if only one of them has the speaker, take that one alone.`,
    },
]

const order = ['error', 'warning', 'note'] as const

/**
 * The findings, the gravest first.
 *
 * @param odd what was odd about the file
 */
export function findings(
  measures: AuditMeasures,
  mostSeconds: number,
  odd: string | undefined,
): AuditFinding[] {
  const file: AuditFinding | undefined =
    odd === undefined
      ? undefined
      : {
          code: 'odd-file',
          severity: 'warning',
          message: `The file is not as it should be: ${odd}. Fetch or record it again if something is missing.`,
        }
  const found = rules.map((rule) => rule(measures, mostSeconds)).filter((each) => each !== false)
  const known = [file, ...found].filter((each) => each !== undefined)
  return known.sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
}
