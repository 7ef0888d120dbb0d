// A generation_config.json that is broken in a model file is one error, whoever reads it.
import t from 'tap'
import {
  checkpointSampling,
  checkpointSettings,
  transformersSampling,
} from '../../dist/lib/config/generation_config.js'
import { defaultSampling } from '../../dist/lib/config/sampling.js'

const holding = (text) => ({ 'clvp.source.generation_config': text })

t.test('what is no JSON object is refused in the same words', async (t) => {
  for (const [text, reason] of [
    ['{', 'is not JSON'],
    ['', 'is not JSON'],
    ['[1]', 'is not an object'],
    ['null', 'is not an object'],
    ['5', 'is not an object'],
  ]) {
    const message = `The model file's generation_config ${reason}: fix it and convert again`
    for (const read of [checkpointSettings, checkpointSampling, transformersSampling]) {
      t.throws(() => read(holding(text)), { code: 'CLVP_MODEL_FORMAT', message }, `${read.name} of '${text}'`)
    }
  }
})

t.test('a file without one, or with an empty one, gives the defaults', async (t) => {
  for (const values of [{}, holding('{}'), holding('{"do_sample":null,"temperature":null}')]) {
    t.same(checkpointSettings(values), {})
    t.same(checkpointSampling(values), defaultSampling)
    t.match(transformersSampling(values), { temperature: 1, topK: 50, topP: 1, repetitionPenalty: 1 })
  }
})

t.test('a setting of the wrong kind is named', async (t) => {
  const values = holding('{"do_sample":true,"top_p":2}')
  for (const read of [checkpointSampling, transformersSampling])
    t.throws(() => read(values), { code: 'CLVP_MODEL_FORMAT', message: /0 to 1 for topP.*2/ })
})
