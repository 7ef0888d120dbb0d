/** Plots a comparison: the error of each matrix, and a histogram of the decoder's KL divergence. */
import { invalid } from '../base/errors.js'
import type { ModelComparison, TensorComparison } from './report.js'

const size = { width: 900, panel: 240, left: 72, right: 24, top: 56, between: 104, bottom: 60 }
const across = size.width - size.left - size.right

const towers = [
  { name: 'conditioning', prefix: 'cond.', colour: '#8a63d2' },
  { name: 'decoder', prefix: 'dec.', colour: '#2a7fc9' },
  { name: 'text', prefix: 'text.', colour: '#2f9e5f' },
  { name: 'speech', prefix: 'speech.', colour: '#d9622b' },
  { name: 'dvae', prefix: 'dvae.', colour: '#b5a11f' },
  { name: 'hifigan', prefix: 'hifigan.', colour: '#c2417f' },
  { name: 'diffusion', prefix: 'diff.', colour: '#1f9aa5' },
  { name: 'vocoder', prefix: 'vocoder.', colour: '#7a6a3a' },
  { name: 'random', prefix: 'random.', colour: '#5563b5' },
  { name: 'codebook', prefix: 'codebook.', colour: '#888888' },
] as const
/** Towers in a line of the legend. */
const inLine = 6

/** Background and text follow the reader's colour scheme; the towers' colours are legible on both backgrounds. */
const style =
  '<style>.ground{fill:#fff}.word{fill:#222}.line{stroke:#ccc}' +
  '@media (prefers-color-scheme:dark){.ground{fill:#161a20}.word{fill:#e6e6e6}.line{stroke:#444}}</style>'

/**
 * Draws the result of compareModels() as a self-contained SVG. Above: the relative error of each tensor that differs, in
 * the file's order, on a logarithmic scale. Below: a histogram of the KL divergence over positions. The colours follow
 * the reader's scheme, light or dark.
 *
 * @example
 * ```js
 * const comparison = await compareModels('clvp-f32.gguf', 'clvp-q4_k.gguf')
 * await writeFile('errors.svg', comparisonPlot(comparison))
 * ```
 */
export function comparisonPlot(comparison: ModelComparison): string {
  if (!isComparison(comparison)) throw invalid('a result of compareModels()', 'comparison', comparison)
  const { a, b, behaviour, failure } = comparison
  const second = size.top + size.panel + size.between
  const height = second + size.panel + size.bottom
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${height}" width="${size.width}" height="${height}" font-family="sans-serif" font-size="12">`,
    `<title>${clean(`${b.type} against ${a.type}`)}</title>${style}`,
    '<rect class="ground" width="100%" height="100%"/>',
    word(
      size.left,
      24,
      `${b.type} (${megabytes(b.bytes)}) against ${a.type} (${megabytes(a.bytes)})`,
      'start',
      16,
    ),
    errorPanel(comparison.tensors, size.top),
    behaviour
      ? klPanel(behaviour.decoder, second)
      : word(size.left, second + 20, `Model ${failure?.model.toUpperCase()} produced NaN or infinite values`),
    '</svg>\n',
  ].join('\n')
}

function isComparison(value: unknown): value is ModelComparison {
  const { a, b, tensors, behaviour, failure } = Object(value) as Record<string, unknown>
  const isModel = (model: unknown) => {
    const { type, bytes } = Object(model) as Record<string, unknown>
    return typeof type === 'string' && typeof bytes === 'number'
  }
  const holds = (object: unknown, name: string) => Object(object)[name] !== undefined
  return (
    isModel(a) &&
    isModel(b) &&
    Array.isArray(tensors) &&
    (holds(behaviour, 'decoder') || holds(failure, 'model'))
  )
}

// --- errors of tensors -----------------------------------------------------------------------------------------

function errorPanel(tensors: readonly TensorComparison[], top: number): string {
  const shown = tensors.filter(({ relativeError }) => relativeError !== null && relativeError > 0)
  const title = 'relative RMS error of each tensor that differs, in the order of the file'
  const parts = [word(size.left, top - 8, title)]
  if (shown.length === 0) return [...parts, word(size.left, top + 20, 'no tensor differs')].join('\n')
  const errors = shown.map(({ relativeError }) => Math.log10(relativeError!))
  const low = Math.floor(Math.min(...errors))
  const high = Math.max(low + 1, Math.ceil(Math.max(...errors)))
  const up = (value: number) => top + size.panel - ((value - low) / (high - low)) * size.panel
  for (let power = low; power <= high; power++) parts.push(rule(up(power), tenTo(power)))
  const step = across / shown.length
  for (const [i, { name, types, relativeError }] of shown.entries()) {
    const y = up(errors[i]!)
    const label = `${name}: ${types.a} to ${types.b}, ${relativeError!.toExponential(2)}`
    const colour = towers.find(({ prefix }) => name.startsWith(prefix))?.colour ?? '#555'
    const [x, width] = [size.left + i * step, Math.max(0.5, 0.8 * step)]
    parts.push(bar(x, y, width, top + size.panel - y, colour, label))
  }
  const present = towers.filter(({ prefix }) => shown.some(({ name }) => name.startsWith(prefix)))
  for (const [i, { name, colour }] of present.entries()) {
    const [x, y] = [size.left + 120 * (i % inLine), top + size.panel + 18 * Math.floor(i / inLine)]
    parts.push(bar(x, y + 14, 10, 10, colour, name))
    parts.push(word(x + 16, y + 24, name))
  }
  return parts.join('\n')
}

// --- the decoder's divergence ------------------------------------------------------------------------------------

function klPanel(
  { kl, positions }: NonNullable<ModelComparison['behaviour']>['decoder'],
  top: number,
): string {
  const { from, counts } = kl.histogram
  const most = Math.max(...counts)
  const figures = `mean ${kl.mean.toExponential(2)}, p99 ${kl.p99.toExponential(2)}, largest ${kl.max.toExponential(2)}`
  const step = across / counts.length
  const parts = [
    word(size.left, top - 8, `KL divergence of the next code, ${positions} positions: ${figures} nats`),
    ...[0, 0.5, 1].map((part) => rule(top + size.panel * (1 - part), String(Math.round(part * most)))),
  ]
  for (const [i, count] of counts.entries()) {
    const height = (count / most) * size.panel
    const label = `from ${from[i]!.toExponential(1)} nats: ${count}`
    const x = size.left + i * step
    if (count > 0) parts.push(bar(x, top + size.panel - height, 0.9 * step, height, towers[1].colour, label))
    if (i % 4 === 0) parts.push(word(x, top + size.panel + 18, tenTo(Math.log10(from[i]!)), 'middle'))
  }
  parts.push(
    word(size.left + across, top + size.panel + 40, 'nats; the first bar includes all smaller values', 'end'),
  )
  return parts.join('\n')
}

// --- markup --------------------------------------------------------------------------------------------------------

function bar(x: number, y: number, width: number, height: number, colour: string, label: string): string {
  const place = `x="${x.toFixed(2)}" y="${y.toFixed(2)}" width="${width.toFixed(2)}" height="${height.toFixed(2)}"`
  return `<rect ${place} fill="${colour}"><title>${clean(label)}</title></rect>`
}

function rule(y: number, label: string): string {
  const line = `<path class="line" d="M${size.left} ${y.toFixed(2)}h${across}"/>`
  return `${line}${word(size.left - 8, y + 4, label, 'end')}`
}

function word(x: number, y: number, text: string, anchor = 'start', fontSize = 12): string {
  const place = `x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" font-size="${fontSize}"`
  return `<text class="word" ${place}>${clean(text)}</text>`
}

function tenTo(power: number): string {
  return power >= 0 && power <= 3 ? String(10 ** power) : `1e${power}`
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

function clean(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`)
}
