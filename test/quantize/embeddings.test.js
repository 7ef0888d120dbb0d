// Embeddings of tokens and codes may have any type: the model then computes what it computes with their values in F32.
import { join } from 'node:path'
import t from 'tap'
import {
  Clvp,
  ClvpModelForConditionalGeneration,
  inspectModel,
  quantizeFile,
  Tensor,
} from '../../dist/lib/index.js'

const tables = ['cond.text_embd', 'dec.token_embd', 'text.token_embd', 'speech.token_embd'].map(
  (name) => `${name}.weight`,
)
const text = 'Good morning.'

for (const type of ['q8_0', 'q5_k', 'f16']) {
  t.test(type, async (t) => {
    const folder = t.testdir()
    const [small, plain] = ['small', 'plain'].map((name) => join(folder, `${name}.gguf`))
    await quantizeFile(Clvp.demo, small, {
      type: 'f32',
      tensorTypes: tables.map((name) => [name, type]),
      requantize: true,
    })
    await quantizeFile(small, plain, { type: 'f32' })
    const { tensors } = await inspectModel(small)
    for (const name of tables) t.equal(tensors.find((each) => each.name === name).type, type, name)

    const [a, b] = await Promise.all([small, plain].map((path) => Clvp.load(path, { threads: 1 })))
    t.equal(a.info.id, b.info.id, 'a voice of one serves the other')
    const voice = await b.voice(Clvp.demoVoice)
    const options = { voice, candidates: 2, seed: 1, maxTokens: 40 }
    const [drawn, expected] = await Promise.all([a, b].map((clvp) => clvp.generate(text, options)))
    t.same(drawn.candidates, expected.candidates)
    await Promise.all([a.dispose(), b.dispose()])

    const [one, other] = await Promise.all(
      [small, plain].map((path) => ClvpModelForConditionalGeneration.fromPretrained(path, { threads: 1 })),
    )
    const waves = (...dims) => {
      const count = dims.reduce((x, y) => x * y)
      return new Tensor(
        Float32Array.from({ length: count }, (_, i) => Math.sin(i)),
        dims,
      )
    }
    const given = { inputsEmbeds: waves(1, 3, 256), inputFeatures: waves(1, 80, 40) }
    t.same(await one.conditioningEncoder.forward(given), await other.conditioningEncoder.forward(given))
    await Promise.all([one.dispose(), other.dispose()])
  })
}
