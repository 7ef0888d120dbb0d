// Logits after the prefix, and after each of 60 forced codes fed through the KV cache, are those inside generate().
import t from 'tap'
import { tinyRecipes } from '../helpers/checkpoint.js'
import { chooseDecoding, conditionClip, loadTiny, matchGolden, positionsKinds } from '../helpers/golden.js'

for (const name of tinyRecipes) {
  t.test(name, async (t) => {
    const { session, golden } = await loadTiny(t, name)
    const voice = await conditionClip(session, golden, 0)
    for (const prefix of positionsKinds) {
      const { steps, floats } = chooseDecoding(golden, prefix)
      const ids = Int32Array.from(golden.texts[steps.text])
      const logits = await session.stepLogits(ids, voice, Int32Array.from(steps.codes), prefix)
      matchGolden(t, logits, floats.logits, `${prefix}: prefill and steps`)
      const vocab = floats.logits.shape[1]
      const best = steps.argmax.map((_, row) =>
        indexOfLargest(logits.subarray(row * vocab, (row + 1) * vocab)),
      )
      t.same(best, steps.argmax, `${prefix}: most likely token after each code`)
    }
  })
}

function indexOfLargest(values) {
  return values.reduce((best, value, i) => (value > values[best] ? i : best), 0)
}
