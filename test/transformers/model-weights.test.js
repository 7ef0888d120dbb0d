// Every method of the model classes runs with quantized weights, and with towers of no layers at all.
import { join } from 'node:path'
import t from 'tap'
import { ClvpModelForConditionalGeneration } from '../../dist/lib/index.js'
import { readRecipe, writeCheckpoint } from '../helpers/checkpoint.js'
import { modelCases } from '../helpers/model_cases.js'
import { answer } from '../helpers/models.js'

async function runAll(t, type, change = () => {}) {
  const dir = t.testdir({})
  process.env.CLVP_CACHE = join(dir, 'cache')
  const recipe = structuredClone(readRecipe('wide'))
  change(recipe.config)
  writeCheckpoint(recipe, join(dir, 'model'))
  const model = await ClvpModelForConditionalGeneration.fromPretrained(join(dir, 'model'), {
    type,
    threads: 1,
  })
  for (const each of modelCases(recipe).filter(({ fails }) => fails !== 'refuses')) {
    for (const [name, { data }] of Object.entries(await answer(model, each))) {
      const sound = name.startsWith('scores') || data.every(Number.isFinite)
      if (!sound) t.fail(`${each.id}: ${name} has numbers that are not finite`)
    }
  }
  t.pass('all ran')
  await model.dispose()
}

for (const type of ['f16', 'q8_0', 'q4_k']) t.test(type, (t) => runAll(t, type))

t.test('no layers', (t) => {
  return runAll(t, 'f32', (config) => {
    for (const part of ['text_config', 'speech_config', 'decoder_config']) config[part].num_hidden_layers = 0
    config.decoder_config.num_mel_attn_blocks = 0
  })
})
