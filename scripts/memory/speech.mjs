#!/usr/bin/env node
/**
 * How well `info.estimateMemory()` foretells the peak of a call with its sound, each in a process of its own. Linux.
 *
 *   node scripts/memory/speech.mjs model.gguf
 *
 * What a process takes is its peak less what it had before the model was loaded, as in scripts/bench/memory.mjs. The draw is
 * random, so that few rows end before their last code.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Clvp, devices } from '../../dist/lib/index.js'

const text = 'The quick brown fox jumps over the lazy dog.'

async function measure({ file, tokens, ...sound }) {
  const peak = () => process.resourceUsage().maxRSS * 1024
  devices()
  const before = peak()
  const clvp = await Clvp.load(file, { device: 'cpu' })
  const voice = await clvp.voice(Clvp.demoVoice)
  const textTokens = (await clvp.explain(text)).tokens.length
  const draw = {
    voice,
    candidates: 1,
    maxTokens: tokens,
    seed: 1,
    temperature: 1000,
    topK: 0,
    topP: 1,
    minP: 0,
  }
  await clvp.speak(text, {
    ...draw,
    ...sound,
    ...(sound.speech === 'diffusion' && { steps: 2 }),
    gates: false,
  })
  const estimate = clvp.info.estimateMemory({ candidates: 1, tokens, textTokens, ...sound })
  console.log(JSON.stringify({ found: peak() - before, estimate }))
  await clvp.dispose()
}

function table(file) {
  console.log(
    '| sound | codes | found | estimated | activations | sound | ratio |\n|---|---|---|---|---|---|---|',
  )
  for (const sound of [
    { speech: 'hifigan' },
    { speech: 'diffusion', guidance: 0 },
    { speech: 'diffusion', guidance: 2 },
  ])
    for (const tokens of [20, 100, 400]) {
      const asked = JSON.stringify({ file, tokens, ...sound })
      const { stdout, stderr, status } = spawnSync(
        process.execPath,
        [fileURLToPath(import.meta.url), asked],
        {
          encoding: 'utf8',
        },
      )
      if (status !== 0) {
        console.log(`| ${JSON.stringify(sound)} | ${tokens} | ${/ClvpError.*/.exec(stderr)?.[0] ?? stderr} |`)
        continue
      }
      const { found, estimate } = JSON.parse(stdout)
      const mb = (bytes) => (bytes / 1e6).toFixed(1)
      const cells = [found, estimate.total, estimate.activations, estimate.sound].map(mb)
      const ratio = (estimate.total / found).toFixed(2)
      console.log(`| ${JSON.stringify(sound)} | ${tokens} | ${[...cells, ratio].join(' | ')} |`)
    }
}

const [asked] = process.argv.slice(2)
if (asked === undefined) throw new Error('which model? See the comment at the top')
if (asked.startsWith('{')) await measure(JSON.parse(asked))
else table(asked)
