/** Writes codes as sound and as pictures, for `clvp generate` and `clvp preview`. */
import { melPlot } from '../audio/mel_plot.js'
import { writeWav } from '../audio/wav.js'
import { ClvpError } from '../base/errors.js'
import { writeWhole } from '../base/files.js'
import type { PreviewOptions } from '../clvp/call_options.js'
import type { Clvp } from '../clvp/clvp.js'
import type { Candidate } from '../clvp/result.js'

/** A row of codes to preview, with its caption. */
export interface Heard {
  title: string
  codes: Int32Array
  score?: number
  seconds?: number
  finishReason?: string
}

export function heardCandidate({ drawnCodes, score, seconds, finishReason }: Candidate, rank: number): Heard {
  return { title: `rank ${rank}`, codes: drawnCodes, score, seconds, finishReason }
}

/** Throws CLVP_UNSUPPORTED for a model without a codebook, before any work. Every codebook has code 0. */
export async function needCodebook(clvp: Clvp): Promise<void> {
  await clvp.codesToMel(Int32Array.of(0))
}

/** Writes the sound of a row as WAV, and returns its length. */
export async function writeSound(
  clvp: Clvp,
  heard: Heard,
  file: string,
  options: PreviewOptions,
): Promise<{ seconds: number; sampleRate: number }> {
  checkHeard(heard)
  const { samples, sampleRate } = await clvp.preview(heard.codes, options)
  await writeWav(file, samples, sampleRate)
  return { seconds: samples.length / sampleRate, sampleRate }
}

/** Writes the mel spectrograms of rows as SVG. */
export async function writePlot(clvp: Clvp, rows: readonly Heard[], file: string): Promise<void> {
  const drawn = rows.filter(({ codes }) => codes.length > 0)
  if (drawn.length === 0) checkHeard(rows[0]!)
  const mels = await Promise.all(drawn.map(({ codes }) => clvp.codesToMel(codes)))
  const plots = drawn.map((heard, i) => ({
    mel: mels[i]!,
    title: heard.title,
    lines: captionOf(heard, clvp),
  }))
  const secondsPerFrame = clvp.info.secondsPerCode / clvp.info.codebook!.framesPerCode
  await writeWhole(file, melPlot(plots, { secondsPerFrame }))
}

function checkHeard({ title, codes }: Heard): void {
  if (codes.length > 0) return
  throw new ClvpError(
    'CLVP_AUDIO',
    `There is nothing to hear or plot for ${title}: it has no codes. A candidate may end at once: choose another, or another seed`,
  )
}

/** "1 code", "20 codes" */
export function countOf({ length }: Int32Array): string {
  return `${length} code${length === 1 ? '' : 's'}`
}

function captionOf({ codes, score, seconds, finishReason }: Heard, { info }: Clvp): string[] {
  return [
    ...(score === undefined ? [] : [`score ${score.toFixed(4)}`]),
    `${(seconds ?? codes.length * info.secondsPerCode).toFixed(2)} s, ${countOf(codes)}`,
    ...(finishReason === undefined ? [] : [`ended by ${finishReason}`]),
  ]
}
