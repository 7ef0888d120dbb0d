/** Draws log-mel pictures of candidates in one SVG. */
import { types } from 'node:util'
import { number, pick, string } from '../base/check.js'
import { ClvpError, invalid } from '../base/errors.js'
import { Tensor } from '../base/tensor.js'
import { encodePng } from './png.js'

/** One picture of melPlot() and its captions. */
export interface MelPlotRow {
  /** Natural logarithm of mel power [channels, frames], as codesToMel() returns it. */
  mel: Tensor<Float32Array>
  title: string
  /** Smaller lines below the title: at most 6. Long ones are truncated with an ellipsis. */
  lines?: readonly string[] | undefined
}

/** Options of melPlot(). */
export interface MelPlotOptions {
  /** Length of a frame: hop / sample rate. Default 256 / 22050, the published model's. */
  secondsPerFrame?: number | undefined
}

interface Row {
  data: Float32Array
  channels: number
  frames: number
  title: string
  lines: readonly string[]
}

const maxRows = 32
const maxLines = 6
const maxValues = 2 ** 22 // per picture: a minute of 80 channels has 413,000

/** In SVG user units; the captions are left of the pictures. */
const layout = { words: 210, picture: 680, height: 120, gap: 18, margin: 16, axis: 44 }
const wordsFit = { title: 24, line: 32 } // characters

/**
 * Draws log-mel pictures one below another as a self-contained SVG. All share one time scale and one colour scale;
 * each has captions, and there is an axis in seconds. Dark is faint, light is loud, low channels are at the bottom.
 * The background is white.
 *
 * @example
 * ```js
 * const mel = await clvp.codesToMel(best.drawnCodes)
 * await writeFile('best.svg', melPlot([{ mel, title: 'the best candidate' }]))
 * ```
 *
 * @param rows 1 to 32
 * @throws ClvpError CLVP_INVALID_ARGUMENT
 */
export function melPlot(rows: readonly MelPlotRow[], options: MelPlotOptions = {}): string {
  const { secondsPerFrame = 256 / 22050 } = pick(options, ['secondsPerFrame'], 'options')
  const second = number(secondsPerFrame, 'secondsPerFrame', 0, 1, { above: true })
  const list = readRows(rows)
  const range = rangeOf(list)
  const frames = Math.max(...list.map((row) => row.frames))
  const bottom = layout.margin + list.length * (layout.height + layout.gap)
  const width = layout.margin + layout.words + layout.picture + layout.margin
  const height = bottom + layout.axis
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13" fill="#222">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...list.map((row, i) => rowMarkup(row, i, frames, range)),
    axisMarkup(frames * second, bottom),
    scaleMarkup(range, bottom),
    '</svg>\n',
  ].join('\n')
}

// --- input -----------------------------------------------------------------------------------------------------

function readRows(rows: unknown): Row[] {
  if (!Array.isArray(rows) || rows.length === 0 || rows.length > maxRows) {
    throw invalid(`an array of 1 to ${maxRows} rows`, 'rows', rows)
  }
  return Array.from(rows, (row: unknown, i) => {
    const { mel, title, lines = [] } = pick(row, ['mel', 'title', 'lines'], `rows[${i}]`)
    if (!Array.isArray(lines) || lines.length > maxLines) {
      throw invalid(`an array of at most ${maxLines} strings`, `rows[${i}].lines`, lines)
    }
    return {
      ...readMel(mel, `rows[${i}].mel`),
      title: string(title, `rows[${i}].title`),
      lines: Array.from(lines, (line, k) => string(line, `rows[${i}].lines[${k}]`)),
    }
  })
}

function readMel(mel: unknown, name: string): { data: Float32Array; channels: number; frames: number } {
  const what = `a tensor of numbers [channels, frames], at most ${maxValues} of them,`
  if (!Tensor.isSound(mel) || !types.isFloat32Array(mel.data)) throw invalid(what, name, mel)
  const [channels = 0, frames = 0] = mel.dims
  const { data } = mel
  if (mel.dims.length !== 2 || data.length === 0 || data.length > maxValues) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected ${what} for ${name} but received one with dims [${mel.dims.join(', ')}]`,
    )
  }
  if (!data.every(Number.isFinite)) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected finite numbers for ${name} but received NaN or infinity`,
    )
  }
  return { data, channels, frames }
}

// --- pictures ------------------------------------------------------------------------------------------------------

interface Range {
  low: number
  high: number
}

/** The faintest and the loudest value of all rows. */
function rangeOf(rows: readonly Row[]): Range {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const { data } of rows) {
    for (const level of data) {
      if (level < low) low = level
      if (level > high) high = level
    }
  }
  return { low, high: high > low ? high : low + 1 }
}

function pixelsOf({ data, channels, frames }: Row, { low, high }: Range): Uint8Array {
  const pixels = new Uint8Array(data.length)
  for (let channel = 0; channel < channels; channel++) {
    const top = (channels - 1 - channel) * frames
    for (let frame = 0; frame < frames; frame++) {
      pixels[top + frame] = Math.round((255 * (data[channel * frames + frame]! - low)) / (high - low))
    }
  }
  return pixels
}

/** Dark violet, magenta, orange, pale yellow: lightness grows steadily, also in print and for colour-blind readers. */
const anchors = [
  [8, 6, 32],
  [62, 16, 102],
  [130, 32, 118],
  [198, 58, 96],
  [240, 112, 58],
  [252, 180, 76],
  [254, 244, 200],
] as const

/** 256 colours, interpolated linearly between the anchors. */
const palette = Uint8Array.from({ length: 3 * 256 }, (_, i) => {
  const place = (Math.floor(i / 3) / 255) * (anchors.length - 1)
  const from = Math.min(Math.floor(place), anchors.length - 2)
  const [a, b] = [anchors[from]![i % 3]!, anchors[from + 1]![i % 3]!]
  return Math.round(a + (place - from) * (b - a))
})

function imageMarkup(pixels: Uint8Array, width: number, height: number, place: string): string {
  const data = encodePng(pixels, width, height, palette).toString('base64')
  return `<image ${place} preserveAspectRatio="none" href="data:image/png;base64,${data}"/>`
}

// --- markup --------------------------------------------------------------------------------------------------------

/** Truncates to `most` characters, then replaces characters that XML 1.0 forbids and escapes its markup. */
function textOf(text: string, most: number): string {
  const characters = [...text]
  const cut = characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : text
  return cut
    .replace(/\s/g, ' ')
    .replace(/\p{Cc}|\p{Cs}|[\uFFFE\uFFFF]/gu, '\uFFFD') // with the u flag, only lone surrogates are Cs
    .replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`)
}

const pictureLeft = layout.margin + layout.words

function rowMarkup(row: Row, index: number, mostFrames: number, range: Range): string {
  const top = layout.margin + index * (layout.height + layout.gap)
  const width = ((layout.picture * row.frames) / mostFrames).toFixed(2)
  const place = `x="${pictureLeft}" y="${top}" width="${width}" height="${layout.height}"`
  const lines = row.lines.map((line, i) => {
    return `<text x="${layout.margin}" y="${top + 34 + 16 * i}">${textOf(line, wordsFit.line)}</text>`
  })
  return [
    `<text x="${layout.margin}" y="${top + 14}" font-size="15" font-weight="bold">${textOf(row.title, wordsFit.title)}</text>`,
    ...lines,
    imageMarkup(pixelsOf(row, range), row.frames, row.channels, place),
  ].join('\n')
}

/** The smallest of 1, 2 and 5 times a power of ten that splits `seconds` into at most ten parts. */
function tickOf(seconds: number): number {
  const power = 10 ** Math.floor(Math.log10(seconds / 10))
  return power * ([1, 2, 5, 10].find((step) => step * power * 10 >= seconds * (1 - 1e-9)) ?? 10)
}

function axisMarkup(seconds: number, top: number): string {
  const tick = tickOf(seconds)
  const digits = Math.max(0, -Math.floor(Math.log10(tick) + 1e-9))
  const parts = [`<path d="M${pictureLeft} ${top}h${layout.picture}" stroke="#222"/>`]
  for (let i = 0; i * tick <= seconds * (1 + 1e-9); i++) {
    const x = (pictureLeft + (layout.picture * i * tick) / seconds).toFixed(2)
    parts.push(`<path d="M${x} ${top}v5" stroke="#222"/>`)
    parts.push(`<text x="${x}" y="${top + 19}" text-anchor="middle">${(i * tick).toFixed(digits)}</text>`)
  }
  parts.push(
    `<text x="${pictureLeft + layout.picture}" y="${top + 36}" text-anchor="end">time in seconds</text>`,
  )
  return parts.join('\n')
}

/** The colour scale with the values of its ends. */
function scaleMarkup({ low, high }: Range, top: number): string {
  const y = top + 6
  const place = `x="${layout.margin}" y="${y}" width="120" height="10"`
  return [
    imageMarkup(
      Uint8Array.from({ length: 256 }, (_, i) => i),
      256,
      1,
      place,
    ),
    `<text x="${layout.margin}" y="${y + 26}" font-size="11">ln mel power ${low.toFixed(1)} to ${high.toFixed(1)}</text>`,
  ].join('\n')
}
