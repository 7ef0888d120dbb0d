// Every activation that a configuration may name runs in every tower: GGML ends the process on operands that it dislikes.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { Clvp, convertFolder } from '../../dist/lib/index.js'
import { readRecipe, writeCheckpoint } from '../helpers/checkpoint.js'
import { tone } from '../helpers/model.js'

const names = [
  ...['gelu', 'gelu_10', 'gelu_accurate', 'gelu_fast', 'gelu_new', 'gelu_python', 'gelu_python_tanh'],
  ...['gelu_pytorch_tanh', 'quick_gelu', 'hardswish', 'laplace', 'linear', 'mish', 'silu', 'swish'],
  ...['leaky_relu', 'relu', 'relu2', 'relu6', 'sigmoid', 'sqrtsoftplus', 'tanh'],
]

async function load(t, name) {
  const dir = await mkdtemp(join(tmpdir(), 'clvp-act-'))
  t.teardown(() => rm(dir, { recursive: true }))
  const recipe = structuredClone(readRecipe('plain'))
  recipe.config.text_config.hidden_act = name
  recipe.config.speech_config.hidden_act = name
  recipe.config.decoder_config.activation_function = name
  writeCheckpoint(recipe, join(dir, 'hf'))
  await convertFolder(join(dir, 'hf'), join(dir, 'model.gguf'), { type: 'f32' })
  return Clvp.load(join(dir, 'model.gguf'), { threads: 1 })
}

for (const name of names) {
  t.test(name, async (t) => {
    const clvp = await load(t, name)
    const { best } = await clvp.generate('Hi.', {
      voice: await clvp.voice(tone()),
      candidates: 2,
      maxTokens: 5,
      seed: 1,
    })
    t.ok(Number.isFinite(best.score))
    await clvp.dispose()
  })
}

t.test('one with weights of its own, or an unknown one, is refused', async (t) => {
  for (const name of ['prelu', 'xielu', 'gelu_11']) {
    await t.rejects(load(t, name), { code: 'CLVP_UNSUPPORTED', message: /is none of gelu/ })
  }
})
