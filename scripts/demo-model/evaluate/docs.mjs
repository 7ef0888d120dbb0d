/** Puts what was measured into docs/demo-model.md: tables between marks, and pictures beside it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { melPlot, Tensor } from '../../../dist/lib/index.js'
import { lineChart } from '../chart.mjs'
import { root } from '../python.mjs'
import { markdownTable } from './context.mjs'

const channels = 80

export async function writeDocs(context) {
  const pictures = join(root, 'docs/demo-model')
  mkdirSync(pictures, { recursive: true })
  for (const [name, chart] of Object.entries(context.charts))
    writeFileSync(join(pictures, `${name}.svg`), lineChart(chart))
  writeFileSync(join(pictures, 'mel.svg'), await sideBySide(context))
  const { goals, tables } = context
  const rows = goals.map(({ what, found, wanted, reached }) => [
    what,
    found,
    `${wanted}${reached ? '' : ' (missed)'}`,
  ])
  fillPage({
    ...tables,
    ...(rows.length > 0 && { goals: markdownTable(['measured', 'found', 'goal'], rows) }),
  })
}

/** Replaces what stands between `<!-- name -->` and `<!-- /name -->`. */
function fillPage(tables) {
  const page = join(root, 'docs/demo-model.md')
  let text = readFileSync(page, 'utf8')
  for (const [name, table] of Object.entries(tables)) {
    const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
    const [before, rest] = text.split(open)
    text = `${before}${open}\n${table}\n${close}${rest.split(close)[1]}`
  }
  writeFileSync(page, text)
}

async function sideBySide({ clvp, voice, sentences: [{ text, mel, codes }] }) {
  const { best } = await clvp.generate(text, { voice, candidates: 16, seed: 1 })
  const frames = mel.length / channels
  const real = new Float32Array(mel.length)
  for (let t = 0; t < frames; t++)
    for (let c = 0; c < channels; c++) real[c * frames + t] = mel[t * channels + c]
  return melPlot([
    { mel: new Tensor(real, [channels, frames]), title: 'espeak-ng', lines: [text] },
    { mel: await clvp.codesToMel(codes), title: 'its codes', lines: ['the nearest of 512 codes each'] },
    {
      mel: await clvp.codesToMel(best.drawnCodes),
      title: 'generated',
      lines: ['best of 16', `score ${best.score.toFixed(2)}`],
    },
  ])
}
