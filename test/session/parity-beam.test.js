// Beam search finds transformers' rows, in its order, with its scores.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { loadTiny, makeClip } from '../helpers/golden.js'

const golden = JSON.parse(readFileSync(new URL('../golden/beam.json', import.meta.url), 'utf8'))
const plain = { temperature: 1, topK: 0, topP: 1, minP: 0, typicalP: 1 }

for (const { name, clip, text, cases } of golden) {
  t.test(name, async (t) => {
    const { session } = await loadTiny(t, name)
    const voice = await session.condition(await session.mel(makeClip(clip)))
    const stop = session.info.eos
    for (const { rows, scores, ...asked } of cases) {
      const { candidates } = await session.searchBeams({
        prompt: { textIds: Int32Array.from(text), voice },
        beams: asked.num_beams,
        candidates: asked.num_beams,
        maxTokens: asked.max_new_tokens,
        positions: 'transformers', // as 5.23 runs
        lengthPenalty: asked.length_penalty ?? 1,
        earlyStopping: asked.early_stopping ?? false,
        sampling: { ...plain, repetitionPenalty: asked.repetition_penalty ?? 1 },
      })
      const found = candidates.map(({ tokens, finishReason }) => [
        ...tokens,
        ...(finishReason === 'stop' ? [stop] : []),
      ])
      t.same(found, rows, JSON.stringify(asked))
      for (const [i, { beamScore }] of candidates.entries()) {
        const gap = Math.abs(beamScore - scores[i]) / Math.abs(scores[i])
        t.ok(gap <= 1e-4, `row ${i}: ${beamScore} for ${scores[i]}`)
      }
    }
  })
}
