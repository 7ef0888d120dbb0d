// Logits after the prefix, and after each of 60 forced codes fed through the KV cache, are those inside generate().
import t from 'tap'
import { conditionClip, loadTiny, matchGolden, tinyRecipes } from './helpers/checkpoint.js'

for (const name of tinyRecipes) {
  t.test(name, async (t) => {
    const { session, golden } = await loadTiny(t, name)
    const { text, codes, argmax } = golden.steps
    const voice = await conditionClip(session, golden, 0)
    const ids = Int32Array.from(golden.texts[text])
    const logits = await session.stepLogits(ids, voice, Int32Array.from(codes))
    matchGolden(t, logits, golden.floats.logits, 'prefill and steps')
    const vocab = golden.floats.logits.shape[1]
    const best = argmax.map((_, row) => indexOfLargest(logits.subarray(row * vocab, (row + 1) * vocab)))
    t.same(best, argmax, 'most likely token after each code')
  })
}

function indexOfLargest(values) {
  return values.reduce((best, value, i) => (value > values[best] ? i : best), 0)
}
