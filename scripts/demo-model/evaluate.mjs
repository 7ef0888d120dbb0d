#!/usr/bin/env node
/**
 * Measures the demo model on sentences and a voice that it never learned from, and prints a table of goals: `npm run demo:evaluate`.
 * Needs espeak-ng, and Python for transformers (a virtual environment is made in .cache/demo-venv). Ends with 1 if a goal is missed.
 *
 *   --model DIR    the trained checkpoint (default .cache/demo-model/model; if that is not there, demo/demo.gguf is unpacked:
 *                  losses of types are then counted from its own weights)
 *   --python FILE  a Python that has the packages of requirements.txt
 *   --write-docs   puts tables and pictures into docs/demo-model.md and docs/demo-model/
 */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  Clvp,
  ClvpModelForConditionalGeneration,
  ClvpProcessor,
  convertFolder,
  melPlot,
  Tensor,
  weightTypes,
} from '../../dist/lib/index.js'
import { lineChart } from './chart.mjs'
import { candidates, nearMisses, perplexity, retrieval } from './measures.mjs'
import { findPython, here, root, run } from './python.mjs'
import { mean, signFlipTest } from './statistics.mjs'

const cache = join(root, '.cache/demo-model')
const channels = 80
const counts = [1, 2, 4, 8, 16, 32]
const drawn = 128 // sentences that candidates are drawn of
const walked = 64 // sentences that each type is measured on

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: join(cache, 'model') },
    python: { type: 'string' },
    'write-docs': { type: 'boolean', default: false },
  },
})

// --- the reference's side ---------------------------------------------------------------------------------------

function readHeldOut(python, model) {
  const out = join(cache, 'held-out')
  run(python, [join(here, 'held_out.py'), '--model', model, '--voice', Clvp.demoVoice, '--out', out])
  return JSON.parse(readFileSync(join(out, 'held_out.json'), 'utf8')).map((sentence) => ({
    ...sentence,
    codes: Int32Array.from(sentence.codes),
    mel: new Float32Array(new Uint8Array(Buffer.from(sentence.mel, 'base64')).buffer),
  }))
}

// --- goals --------------------------------------------------------------------------------------------------------

const goals = []

function goal(what, found, wanted, reached) {
  goals.push({ what, found, wanted, reached })
  console.log(`${reached ? 'reached' : 'MISSED '}  ${what}: ${found} (goal: ${wanted})`)
}

const percent = (part, whole = 1) => `${((100 * part) / whole).toFixed(1)} %`

async function measureRanking(clvp, sentences) {
  const own = await retrieval(clvp, sentences, 64)
  goal(
    'own speech first among 64 sentences',
    `${percent(own.right, own.count)} of ${own.count}`,
    '97 %',
    own.right >= 0.97 * own.count,
  )
  const near = await nearMisses(clvp, sentences)
  goal(
    'right text first among it and 16 near misses',
    `${percent(near.right, near.count)} of ${near.count}`,
    '80 %',
    near.right >= 0.8 * near.count,
  )
}

async function measureCandidates(clvp, voice, sentences) {
  const results = await candidates(clvp, voice, sentences, counts, channels, (i) => {
    if ((i + 1) % 16 === 0) console.error(`candidates of ${i + 1} sentences`)
  })
  const first16 = results.map(({ distances }) => mean(distances.slice(0, 16)))
  const differences = results.map(({ picked }, i) => picked[16] - first16[i])
  const p = signFlipTest(differences)
  const best = mean(results.map(({ picked }) => picked[16]))
  const nearer = differences.filter((each) => each < 0).length
  goal(
    `best of 16 nearer to espeak-ng than the mean candidate, ${results.length} sentences`,
    `${best.toFixed(4)} against ${mean(first16).toFixed(4)} nats, nearer in ${nearer}, p ${p < 2e-5 ? '< 0.00002' : `= ${p.toFixed(5)}`}`,
    'p < 0.01',
    p < 0.01 && best < mean(first16),
  )
  const stops = results.reduce((sum, each) => sum + each.stops, 0)
  const all = results.length * Math.max(...counts)
  goal('candidates that stop by themselves', `${percent(stops, all)} of ${all}`, '95 %', stops >= 0.95 * all)
  const isNear = (ratio) => ratio > 0.8 && ratio < 1.2
  const near = results.flatMap(({ lengths }) => lengths).filter(isNear).length
  const nearBest = results.filter(({ bestLength }) => isNear(bestLength)).length
  goal(
    "candidates within 20 % of espeak-ng's length",
    `${percent(near, all)} (of the best: ${percent(nearBest, results.length)})`,
    '80 %',
    near >= 0.8 * all,
  )
  const curve = counts.map((n) => ({
    n,
    picked: mean(results.map(({ picked }) => picked[n])),
    mean: mean(results.map(({ distances }) => mean(distances.slice(0, n)))),
    nearest: mean(results.map(({ distances }) => Math.min(...distances.slice(0, n)))),
  }))
  console.log(
    `\ncandidates  picked by CLVP  mean candidate  nearest of all (mel distance, nats)\n${curve
      .map((row) =>
        [
          String(row.n).padStart(10),
          row.picked.toFixed(4).padStart(14),
          row.mean.toFixed(4).padStart(14),
          row.nearest.toFixed(4).padStart(15),
        ].join('  '),
      )
      .join('\n')}\n`,
  )
  return curve
}

async function measureGreedy(model, f32, sentences) {
  const whole = await ClvpModelForConditionalGeneration.fromPretrained(f32)
  const processor = await ClvpProcessor.fromPretrained(model)
  const clip = readFileSync(Clvp.demoVoice)
  const pcm = new Int16Array(clip.buffer.slice(clip.byteOffset + 44, clip.byteOffset + clip.length))
  const rawSpeech = Float32Array.from(pcm, (value) => value / 32768)
  const asked = sentences.filter(({ greedy }) => greedy)
  let equal = 0
  for (const { text, greedy } of asked) {
    const { inputIds, inputFeatures } = await processor({ text: [text], rawSpeech, samplingRate: 22050 })
    const given = { doSample: false, temperature: undefined, topP: undefined, topK: undefined }
    const { speechIds } = await whole.generate({ inputIds, inputFeatures, ...given })
    if (speechIds.data.join() === greedy.join()) equal++
  }
  await whole.dispose()
  goal(
    "greedy ids equal to transformers'",
    `${equal} of ${asked.length} sentences`,
    'all',
    equal === asked.length,
  )
}

async function measureTypes(model, sentences) {
  const rows = []
  let exact
  for (const type of weightTypes) {
    const path = join(cache, `${type}.gguf`)
    await convertFolder(model, path, { type })
    const clvp = await Clvp.load(path)
    const voice = await clvp.voice(Clvp.demoVoice, { windows: 'first' })
    const { perplexity: found, likeliest } = await perplexity(clvp, voice, sentences.slice(0, walked))
    exact ??= likeliest
    const same = likeliest.filter((code, i) => code === exact[i]).length
    const own = await retrieval(clvp, sentences, 64)
    const near = await nearMisses(clvp, sentences)
    rows.push({
      type,
      megabytes: statSync(path).size / 1e6,
      perplexity: found,
      agreement: same / exact.length,
      retrieval: own.right / own.count,
      nearMisses: near.right / near.count,
    })
    await clvp.dispose()
    console.error(`measured ${type}`)
  }
  return rows
}

function typeTable(rows) {
  const head =
    '| type | MB | perplexity of true codes | same likeliest code as F32 | own speech first of 64 | right text first of 17 |'
  return [
    head,
    '|---|---|---|---|---|---|',
    ...rows.map(
      (row) =>
        `| ${row.type} | ${row.megabytes.toFixed(1)} | ${row.perplexity.toFixed(3)} | ${percent(row.agreement)} | ${percent(row.retrieval)} | ${percent(row.nearMisses)} |`,
    ),
  ].join('\n')
}

// --- pictures -----------------------------------------------------------------------------------------------------

function curveChart(curve) {
  return lineChart({
    title: 'What ranking buys',
    x: 'candidates drawn',
    y: "mel distance to espeak-ng's rendering, nats",
    at: counts,
    lines: [
      { name: 'mean candidate', values: curve.map((row) => row.mean) },
      { name: 'picked by CLVP', values: curve.map((row) => row.picked) },
      { name: 'nearest of all', values: curve.map((row) => row.nearest) },
    ],
  })
}

async function sideBySide(clvp, voice, { text, mel, codes }) {
  const { best } = await clvp.generate(text, { voice, candidates: 16, seed: 1 })
  const real = new Float32Array(mel.length)
  const frames = mel.length / channels
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

function goalTable() {
  return [
    '| measured | found | goal |',
    '|---|---|---|',
    ...goals.map(
      ({ what, found, wanted, reached }) => `| ${what} | ${found} | ${wanted}${reached ? '' : ' (missed)'} |`,
    ),
  ].join('\n')
}

function writeDocs(tables) {
  const page = join(root, 'docs/demo-model.md')
  let text = readFileSync(page, 'utf8')
  for (const [name, table] of Object.entries(tables)) {
    const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
    const [before, rest] = text.split(open)
    const after = rest.split(close)[1]
    text = `${before}${open}\n${table}\n${close}${after}`
  }
  writeFileSync(page, text)
}

// --- main -----------------------------------------------------------------------------------------------------------

const python = options.python ?? findPython()
if (!existsSync(options.model)) {
  options.model = join(cache, 'unpacked')
  run(python, [join(here, 'unpack.py'), Clvp.demo, options.model])
  console.log('The trained checkpoint is not there: demo/demo.gguf was unpacked in its place.')
}
const sentences = readHeldOut(python, options.model)
const clvp = await Clvp.load(Clvp.demo)
const voice = await clvp.voice(Clvp.demoVoice, { windows: 'first' })
console.log(
  `${sentences.length} held-out sentences; demo.gguf is ${clvp.info.type}, drawn with`,
  clvp.info.sampling,
  '\n',
)

await measureRanking(clvp, sentences)
const curve = await measureCandidates(clvp, voice, sentences.slice(0, drawn))
const f32 = join(cache, 'f32.gguf')
await convertFolder(options.model, f32, { type: 'f32' })
await measureGreedy(options.model, f32, sentences)
const types = typeTable(await measureTypes(options.model, sentences))
console.log(`\n${types}`)

if (options['write-docs']) {
  const pictures = join(root, 'docs/demo-model')
  mkdirSync(pictures, { recursive: true })
  writeFileSync(join(pictures, 'curve.svg'), curveChart(curve))
  writeFileSync(join(pictures, 'mel.svg'), await sideBySide(clvp, voice, sentences[0]))
  writeDocs({ goals: goalTable(), types })
}
await clvp.dispose()
process.exitCode = goals.every(({ reached }) => reached) ? 0 : 1
