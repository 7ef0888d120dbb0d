// The text and the speech encoder give the reference's hidden states, pooled output and embedding.
import t from 'tap'
import { readRecipe, tinyRecipes } from '../helpers/checkpoint.js'
import { encodeRow, loadTiny, matchGolden } from '../helpers/golden.js'

function matchEncoding(t, found, golden, name, what) {
  matchGolden(t, found.lastHidden, golden.floats[`${name}.last`], `${what}: last hidden states`)
  matchGolden(t, found.pooled, golden.floats[`${name}.pooled`], `${what}: pooled`)
  matchGolden(t, found.embeds, golden.floats[`${name}.embed`], `${what}: embedding`)
}

for (const name of tinyRecipes) {
  t.test(name, async (t) => {
    const { session, golden } = await loadTiny(t, name)
    const stop = readRecipe(name).config.text_config.eos_token_id
    for (const [i, ids] of golden.texts.entries()) {
      const found = await encodeRow(session, 'text', [...ids, stop])
      matchEncoding(t, found, golden, `text.${i}`, `text of ${ids.length} ids`)
    }
    for (const [i, codes] of golden.speech.entries()) {
      const found = await encodeRow(session, 'speech', codes)
      matchEncoding(t, found, golden, `speech.${i}`, `speech of ${codes.length} codes`)
    }
  })
}
