// A checkpoint that was trained to draw in its own way says so in its generation_config.json; the upper layer follows.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { Clvp, convertFolder } from '../../dist/lib/index.js'
import { readRecipe, writeCheckpoint } from '../helpers/checkpoint.js'
import { tone } from '../helpers/model.js'

const tortoise = { repetitionPenalty: 2, temperature: 0.8, topK: 50, topP: 0.8, minP: 0, typicalP: 1 }

const dir = mkdtempSync(join(tmpdir(), 'clvp-'))
t.teardown(() => rmSync(dir, { recursive: true }))

let count = 0
async function load(t, settings) {
  const folder = join(dir, String(count++))
  writeCheckpoint({ ...readRecipe('plain'), generation_config: settings }, folder)
  await convertFolder(folder, `${folder}.gguf`, { type: 'f32' })
  const clvp = await Clvp.load(`${folder}.gguf`)
  t.teardown(() => clvp.dispose())
  return clvp
}

t.test('without settings of its own a checkpoint is drawn from as tortoise does', async (t) => {
  for (const settings of [undefined, {}, { temperature: 0.3 }, { do_sample: false, top_p: 0.1 }]) {
    const clvp = await load(t, settings)
    t.same(clvp.info.sampling, tortoise)
  }
})

t.test('with do_sample its settings are the start, and the call’s go over them', async (t) => {
  const clvp = await load(t, { do_sample: true, temperature: 0, repetition_penalty: 1, top_k: null })
  t.same(clvp.info.sampling, { ...tortoise, temperature: 0, repetitionPenalty: 1 })
  const voice = await clvp.voice(tone())
  const draw = async (options) =>
    (await clvp.generate('one', { voice, candidates: 1, maxTokens: 12, seed: 1, ...options })).best.codes
  t.same(await draw({}), await draw({ temperature: 0, repetitionPenalty: 1, seed: 2 }), 'greedy')
  t.notSame(await draw({}), await draw({ temperature: 1.5, topK: 0, topP: 1 }))
})

t.test('settings that are none are refused at load', async (t) => {
  for (const settings of [
    { do_sample: true, temperature: -1 },
    { do_sample: true, top_k: 'many' },
  ]) {
    await t.rejects(load(t, settings), { code: 'CLVP_MODEL_FORMAT', message: /generation_config/ })
  }
})
