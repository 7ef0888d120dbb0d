// A clip's conditioning vector, and the whole prefix with a text's embeddings, are the conditioning encoder's.
import t from 'tap'
import { readRecipe, tinyRecipes } from '../helpers/checkpoint.js'
import { conditionClip, conditionText, loadTiny, matchGolden } from '../helpers/golden.js'

for (const name of tinyRecipes) {
  t.test(name, async (t) => {
    const { session, golden } = await loadTiny(t, name)
    const stop = readRecipe(name).config.text_config.eos_token_id
    for (const c of golden.clips.keys()) {
      const voice = await conditionClip(session, golden, c)
      matchGolden(t, voice, golden.floats[`condition.${c}`], `clip ${c}: vector`)
    }
    const voice = await conditionClip(session, golden, 0)
    for (const [i, ids] of golden.texts.entries()) {
      const prefix = await conditionText(session, voice, [...ids, stop])
      matchGolden(t, prefix, golden.floats[`prefix.${i}`], `text of ${ids.length} ids: prefix`)
    }
  })
}
