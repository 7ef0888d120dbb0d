/** A small line chart as SVG. */

const size = { width: 640, height: 360, left: 64, right: 150, top: 24, bottom: 48 }
const colours = ['#1b6ca8', '#c4532d', '#4a7c3a', '#7a4fa3']

/**
 * @param {{ title: string, x: string, y: string, at: number[], lines: { name: string, values: number[] }[] }} chart
 *   each line has a value for each of `at`, whose places are evenly spaced
 */
export function lineChart({ title, x, y, at, lines }) {
  const all = lines.flatMap((line) => line.values)
  const step = niceStep((Math.max(...all) - Math.min(...all)) / 5)
  const low = Math.floor(Math.min(...all) / step) * step
  const high = Math.ceil(Math.max(...all) / step) * step
  const across = (i) => size.left + (i / (at.length - 1)) * (size.width - size.left - size.right)
  const up = (value) =>
    size.height - size.bottom - ((value - low) / (high - low)) * (size.height - size.top - size.bottom)
  const ticks = Array.from({ length: Math.round((high - low) / step) + 1 }, (_, i) => low + i * step)
  const digits = Math.max(0, -Math.floor(Math.log10(step)))
  const text = (px, py, anchor, words, more = '') =>
    `<text x="${px.toFixed(1)}" y="${py.toFixed(1)}" text-anchor="${anchor}" ${more}>${words}</text>`
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" font-family="sans-serif" font-size="12">`,
    `<title>${title}</title><rect width="100%" height="100%" fill="#fff"/>`,
  ]
  for (const tick of ticks) {
    const line = `x1="${size.left}" x2="${size.width - size.right}" y1="${up(tick).toFixed(1)}" y2="${up(tick).toFixed(1)}"`
    parts.push(
      `<line ${line} stroke="#ddd"/>`,
      text(size.left - 8, up(tick) + 4, 'end', tick.toFixed(digits)),
    )
  }
  at.forEach((value, i) => {
    parts.push(text(across(i), size.height - size.bottom + 18, 'middle', value))
  })
  parts.push(text((size.left + size.width - size.right) / 2, size.height - 10, 'middle', x))
  const turn = `transform="rotate(-90 16 ${size.height / 2})"`
  parts.push(text(16, size.height / 2, 'middle', y, turn))
  lines.forEach(({ name, values }, k) => {
    const colour = colours[k % colours.length]
    const points = values.map((value, i) => `${across(i).toFixed(1)},${up(value).toFixed(1)}`)
    parts.push(`<polyline points="${points.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`)
    for (const point of points) {
      const [cx, cy] = point.split(',')
      parts.push(`<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`)
    }
    parts.push(text(size.width - size.right + 8, up(values.at(-1)) + 4, 'start', name, `fill="${colour}"`))
  })
  return `${parts.join('\n')}\n</svg>\n`
}

/** The smallest of 1, 2 and 5 times a power of ten that is not below `least`. */
function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(least || 1))
  return [1, 2, 5, 10].map((k) => k * power).find((step) => step >= least)
}
