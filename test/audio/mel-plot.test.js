// melPlot draws each number where it belongs: the pictures are taken apart again. Words cannot break the markup.
import { crc32, inflateSync } from 'node:zlib'
import t from 'tap'
import { melPlot, Tensor } from '../../dist/lib/index.js'

const wrong = { code: 'CLVP_INVALID_ARGUMENT' }
const mel = new Tensor(Float32Array.of(0, 1, 2, 3, 4, 5), [2, 3])

/** The chunks of a PNG by name. */
function chunksOf(png) {
  t.same(png.subarray(0, 8), Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'))
  const chunks = {}
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at)
    chunks[png.toString('latin1', at + 4, at + 8)] = png.subarray(at + 8, at + 8 + length)
    t.equal(png.readUInt32BE(at + 8 + length), crc32(png.subarray(at + 4, at + 8 + length)))
    at += 12 + length
  }
  return chunks
}

/** Rows of [red, green, blue] of each picture, the scale's last. */
function picturesOf(svg) {
  return [...svg.matchAll(/href="data:image\/png;base64,([^"]+)"/g)].map(([, data]) => {
    const { IHDR, PLTE, IDAT } = chunksOf(Buffer.from(data, 'base64'))
    const [width, height] = [IHDR.readUInt32BE(0), IHDR.readUInt32BE(4)]
    const bytes = inflateSync(IDAT)
    t.equal(bytes.length, height * (width + 1))
    return Array.from({ length: height }, (_, y) =>
      Array.from({ length: width }, (_, x) => {
        const index = bytes[y * (width + 1) + 1 + x]
        return [...PLTE.subarray(3 * index, 3 * index + 3)]
      }),
    )
  })
}

const brightness = ([red, green, blue]) => 0.2126 * red + 0.7152 * green + 0.0722 * blue

t.test('every number at its place, louder is lighter, low channels below', async (t) => {
  const [picture, scale] = picturesOf(melPlot([{ mel, title: 'a' }]))
  t.equal(picture.length, 2)
  const seen = [...picture[1], ...picture[0]].map(brightness)
  t.same(
    seen.toSorted((a, b) => a - b),
    seen,
    'from 0 to 5',
  )
  const steps = scale[0].map(brightness)
  t.equal(steps.length, 256)
  t.ok(
    steps.every((each, i) => i === 0 || each > steps[i - 1]),
    'each colour is lighter than the last',
  )
})

t.test('one scale of colour and time for all', async (t) => {
  const quiet = new Tensor(Float32Array.of(0, 0), [2, 1])
  const svg = melPlot([
    { mel, title: 'a' },
    { mel: quiet, title: 'b' },
  ])
  const [loud, faint] = picturesOf(svg)
  t.same(faint[0][0], loud[1][0], 'equal numbers, equal colours')
  const widths = [...svg.matchAll(/<image x="\d+" y="\d+" width="([\d.]+)" height="120"/g)].map(([, w]) =>
    Number(w),
  )
  t.equal(widths.length, 2)
  t.ok(Math.abs(widths[0] / widths[1] - 3) < 0.01)
})

t.test('a white ground and an axis in seconds', async (t) => {
  const long = new Tensor(new Float32Array(80 * 430), [80, 430])
  const ticks = (options) =>
    [...melPlot([{ mel: long, title: '' }], options).matchAll(/middle">([\d.]+)</g)].map(([, x]) => x)
  t.same(ticks(), ['0.0', '0.5', '1.0', '1.5', '2.0', '2.5', '3.0', '3.5', '4.0', '4.5'])
  t.same(ticks({ secondsPerFrame: 0.1 }), ['0', '5', '10', '15', '20', '25', '30', '35', '40'])
  t.same(ticks({ secondsPerFrame: 1e-4 }).slice(0, 2), ['0.000', '0.005'])
  t.match(melPlot([{ mel: long, title: '' }]), /<rect width="922" height="\d+" fill="#fff"\/>/)
})

t.test('words are only words', async (t) => {
  const nasty = '</text><script>"&\'\u0000\u0007\ud800\n'
  const svg = melPlot([{ mel, title: nasty, lines: [nasty, 'x'.repeat(100), '𝄞'.repeat(100)] }])
  t.notMatch(svg, '<script')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these may not be there
  t.notMatch(svg, /[\u0000-\u0009\u000b-\u001f]/)
  t.ok(Buffer.from(svg).equals(Buffer.from(Buffer.from(svg).toString())), 'no half pair')
  t.match(svg, '&#60;/text&#62;&#60;script&#62;&#34;')
  t.match(svg, `>${'x'.repeat(31)}…<`)
  t.match(svg, `>${'𝄞'.repeat(31)}…<`)
})

t.test('what cannot be drawn', async (t) => {
  const row = { mel, title: 'a' }
  for (const rows of [[], undefined, row, Array(33).fill(row)]) t.throws(() => melPlot(rows), wrong)
  const flat = new Tensor(new Float32Array(4), [4])
  const empty = new Tensor(new Float32Array(), [80, 0])
  const ids = new Tensor(new Int32Array(4), [2, 2])
  const none = new Tensor(Float32Array.of(1, Number.NaN), [1, 2])
  for (const bad of [flat, empty, ids, none, undefined, { data: [1], dims: [1, 1] }])
    t.throws(() => melPlot([row, { mel: bad, title: 'b' }]), { ...wrong, message: /rows\[1\]\.mel/ })
  t.throws(() => melPlot([{ mel }]), { ...wrong, message: /title/ })
  t.throws(() => melPlot([{ ...row, lines: 'a' }]), { ...wrong, message: /lines/ })
  t.throws(() => melPlot([{ ...row, lines: Array(7).fill('a') }]), wrong)
  t.throws(() => melPlot([{ ...row, caption: 'a' }]), { ...wrong, message: /caption/ })
  for (const secondsPerFrame of [0, -1, 2, '1', null, Number.NaN])
    t.throws(() => melPlot([row], { secondsPerFrame }), wrong)
  t.throws(() => melPlot([row], { width: 5 }), wrong)
})
