/** Bar charts side by side in one SVG. */

const place = { panel: 300, label: 118, value: 62, row: 22, top: 52, bottom: 16, gap: 16 }
const colours = { reference: '#9aa3ab', ours: '#1b6ca8' }

/**
 * @param {string} title
 * @param {{ title: string, unit: string, bars: { name: string, value: number, reference: boolean, limit?: number }[] }[]} panels
 *   `limit`: where a thin line marks what the machine allows
 */
export function barCharts(title, panels) {
  const rows = Math.max(...panels.map(({ bars }) => bars.length))
  const width = panels.length * (place.panel + place.gap) + place.gap
  const height = place.top + rows * place.row + place.bottom
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<title>${title}</title><rect width="100%" height="100%" fill="#fff"/>`,
    text(place.gap, 18, title, 'font-weight="bold"'),
    ...panels.flatMap((panel, i) => drawPanel(panel, place.gap + i * (place.panel + place.gap))),
  ]
  return `${parts.join('\n')}\n</svg>\n`
}

function text(x, y, words, more = '') {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${words}</text>`
}

function drawPanel({ title, unit, bars }, left) {
  const start = left + place.label
  const full = place.panel - place.label - place.value
  const most = Math.max(...bars.map(({ value }) => value))
  return [
    text(left, place.top - 12, `${title}, ${unit}`),
    ...bars.flatMap(({ name, value, reference, limit }, i) => {
      const y = place.top + i * place.row
      const length = (full * value) / most
      const colour = reference ? colours.reference : colours.ours
      const digits = value < 10 ? 2 : value < 100 ? 1 : 0
      const at = start + (full * (limit ?? 0)) / most
      return [
        text(start - 6, y + 13, name, 'text-anchor="end"'),
        `<rect x="${start}" y="${y + 2}" width="${length.toFixed(1)}" height="${place.row - 6}" fill="${colour}"/>`,
        text(start + length + 5, y + 13, value.toFixed(digits)),
        ...(limit
          ? [`<rect x="${at.toFixed(1)}" y="${y}" width="2" height="${place.row - 2}" fill="#c4532d"/>`]
          : []),
      ]
    }),
  ]
}
