// Greedy decoding draws exactly the reference's tokens, and ends where it ends.
import t from 'tap'
import { tinyRecipes } from '../helpers/checkpoint.js'
import { chooseDecoding, conditionClip, loadTiny, positionsKinds } from '../helpers/golden.js'

const sampling = { temperature: 0, topK: 0, topP: 1, minP: 0, typicalP: 1, repetitionPenalty: 1 }

for (const name of tinyRecipes) {
  t.test(name, async (t) => {
    const { session, golden } = await loadTiny(t, name)
    const voice = await conditionClip(session, golden, 0)
    for (const prefix of positionsKinds) {
      const { greedy } = chooseDecoding(golden, prefix)
      for (const [i, ids] of golden.texts.entries()) {
        const textIds = Int32Array.from(ids)
        // Greedy candidates are all the same: the second one shows that a batch computes what one row does.
        const options = {
          prompt: { textIds, voice },
          candidates: 2,
          maxTokens: 60,
          sampling,
          seed: 0,
          positions: prefix,
        }
        const { candidates: found } = await session.generate(options)
        t.equal(found.length, 2)
        for (const candidate of found) {
          const { tokens, finish } = greedy[i]
          t.same(
            [...candidate.tokens],
            tokens,
            `${prefix}, text of ${ids.length} ids: ${tokens.length} tokens`,
          )
          t.equal(candidate.finishReason, finish)
        }
      }
    }
  })
}
