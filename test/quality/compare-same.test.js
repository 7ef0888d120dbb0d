// A model against itself: nothing differs, exactly.
import t from 'tap'
import { compareModels } from '../../dist/lib/index.js'
import { tinyFile, tone } from '../helpers/model.js'

const few = { texts: ['Hello there.', 'No.'], voices: [tone()], maxTokens: 12, threads: 1 }

for (const type of ['f32', 'q4_0']) {
  t.test(type, async (t) => {
    const file = await tinyFile('plain', type)
    const { a, b, tensors, behaviour, failure, samples, memoryBytes } = await compareModels(file, file, few)
    t.same(a, b)
    t.equal(a.type, type)
    t.equal(failure, undefined)
    t.ok(memoryBytes > 0)
    t.same(samples, { texts: 2, voices: 1, candidates: 8, seed: 0 })
    t.ok(tensors.length > 50)
    for (const each of tensors) {
      t.equal(each.types.a, each.types.b)
      t.match(each, { relativeError: 0, maxError: 0, cosine: 1 }, each.name)
    }
    const { decoder, embeddings, ranking } = behaviour
    t.match(decoder, { sameLikeliest: 1, kl: { mean: 0, p99: 0, max: 0 } })
    t.ok(decoder.positions >= 4, 'two rows of each text')
    t.equal(decoder.kl.histogram.counts[0], decoder.positions, 'all in the lowest bin')
    t.same(embeddings.text, { mean: 1, min: 1, count: 2 })
    t.same(embeddings.speech, { mean: 1, min: 1, count: 16 })
    t.same(embeddings.conditioning, { mean: 1, min: 1, count: 1 })
    t.same(ranking, { texts: 2, kendallTau: 1, sameBest: 1 })
  })
}
