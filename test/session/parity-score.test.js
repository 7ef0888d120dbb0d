// Scores are the reference's logits_per_text: of rows padded and fixed in a batch, and of what generate() drew.
import t from 'tap'
import { tinyRecipes } from '../helpers/checkpoint.js'
import { loadTiny, matchGolden } from '../helpers/golden.js'

for (const name of tinyRecipes) {
  t.test(name, async (t) => {
    const { session, golden } = await loadTiny(t, name)
    const rows = golden.batch.rows.map((row) => Int32Array.from(row))
    const scores = await session.score(Int32Array.from(golden.texts[golden.batch.text]), rows)
    matchGolden(t, scores, golden.floats['scores.batch'], `${rows.length} rows of a batch`)
    for (const [i, ids] of golden.texts.entries()) {
      const codes = Int32Array.from(golden.greedy[i].speechIds)
      const score = await session.score(Int32Array.from(ids), [codes])
      matchGolden(t, score, golden.floats[`scores.greedy.${i}`], `text of ${ids.length} ids: greedy row`)
    }
  })
}
