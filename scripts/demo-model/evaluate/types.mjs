/** What each type of weights costs. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { Clvp, convertFolder, weightTypes } from '../../../dist/lib/index.js'
import { nearMisses, perplexity, retrieval } from '../measures.mjs'
import { markdownTable, percent } from './context.mjs'
import { errorRate } from './words.mjs'

const walked = 64 // sentences whose true codes are walked along
const spoken = 32 // sentences that are spoken

export async function measureTypes(context) {
  const { model, folder, sentences } = context
  const rows = []
  let exact
  for (const type of weightTypes) {
    const path = join(folder, `${type}.gguf`)
    await convertFolder(model, path, {
      type,
      tensorTypes: Object.entries(stagesAs(type)),
      vocoder: 'vocoder',
      positions: 'trained',
    })
    const clvp = await Clvp.load(path)
    const voice = await clvp.voice(Clvp.demoVoice)
    const { perplexity: found, likeliest } = await perplexity(clvp, voice, sentences.slice(0, walked))
    exact ??= likeliest
    const same = likeliest.filter((code, i) => code === exact[i]).length
    const own = await retrieval(clvp, sentences, 64)
    const near = await nearMisses(clvp, sentences)
    const errors = []
    for (const speech of ['hifigan', 'diffusion'])
      errors.push(await errorsOf(context, clvp, voice, type, speech))
    rows.push([
      type,
      (statSync(path).size / 1e6).toFixed(1),
      found.toFixed(3),
      percent(same, exact.length),
      percent(own.right, own.count),
      percent(near.right, near.count),
      ...errors.map((each) => percent(each)),
    ])
    await clvp.dispose()
    console.error(`measured ${type}`)
  }
  context.tables.types = markdownTable(
    [
      'type',
      'MB',
      'perplexity of true codes',
      'same likeliest code as F32',
      'own speech first of 64',
      'right text first of 17',
      'word errors, HiFi-GAN',
      'word errors, diffusion',
    ],
    rows,
  )
}

/** The vocoders in the type itself: else they would have more bits. */
const stagesAs = (type) => ({ 'hifigan.*.weight': type, 'vocoder.*.weight': type })

async function errorsOf(context, clvp, voice, type, speech) {
  const pairs = []
  for (const [i, { text }] of context.sentences.slice(0, spoken).entries()) {
    const steps = speech === 'diffusion' ? { steps: 20, sampler: 'dpm++2m' } : {}
    const sound = await clvp.speak(text, { voice, candidates: 8, seed: i, gates: false, speech, ...steps })
    pairs.push({ text, file: await context.keep(`types-${type}-${speech}-${i}`, sound) })
  }
  return errorRate(context, pairs)
}
