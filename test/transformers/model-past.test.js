// A past is a value: it can be gone on from several times, belongs to its model and its number of rows, and can be given up.
import t from 'tap'
import { PastKeyValues } from '../../dist/lib/index.js'
import { loadWhole } from '../helpers/whole_model.js'

t.test('two ways on from one past', async (t) => {
  const { speechDecoderModel: decoder } = await loadWhole(t)
  const { pastKeyValues } = await decoder.forward({ inputIds: [[1, 2, 3]] })
  t.ok(pastKeyValues instanceof PastKeyValues)
  t.same([pastKeyValues.batchSize, pastKeyValues.length, pastKeyValues.getSeqLength()], [1, 3, 3])
  for (const id of [4, 5]) {
    const whole = await decoder.forward({ inputIds: [[1, 2, 3, id]], useCache: false })
    const step = await decoder.forward({ inputIds: [[id]], pastKeyValues })
    t.equal(whole.pastKeyValues, undefined)
    t.equal(step.pastKeyValues.length, 4)
    const gap = step.logits.data.map((x, i) => Math.abs(x - whole.logits.data[3 * 300 + i]))
    t.ok(Math.max(...gap) < 1e-5)
  }
})

t.test('a past of another model, of other rows, or given up', async (t) => {
  const [one, other] = [await loadWhole(t), await loadWhole(t)]
  const { pastKeyValues } = await one.speechDecoderModel.forward({ inputIds: [[1, 2]] })
  const refused = { code: 'CLVP_INVALID_ARGUMENT' }
  await t.rejects(other.speechDecoderModel.forward({ inputIds: [[1]], pastKeyValues }), refused)
  await t.rejects(one.speechDecoderModel.forward({ inputIds: [[1], [2]], pastKeyValues }), refused)
  await t.rejects(one.speechDecoderModel.forward({ inputIds: [[1]], pastKeyValues: { length: 2 } }), refused)
  pastKeyValues.dispose()
  pastKeyValues.dispose()
  await t.rejects(one.speechDecoderModel.forward({ inputIds: [[1]], pastKeyValues }), {
    code: 'CLVP_DISPOSED',
  })
})
