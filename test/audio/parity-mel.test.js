// Log-mel features are those of transformers' ClvpFeatureExtractor: shorter clips padded, longer ones cut.
import t from 'tap'
import { tinyRecipes } from '../helpers/checkpoint.js'
import { loadTiny, makeClip, matchGolden } from '../helpers/golden.js'

for (const name of tinyRecipes) {
  t.test(name, async (t) => {
    const { session, golden } = await loadTiny(t, name)
    for (const [c, clip] of golden.clips.entries()) {
      const packed = golden.floats[`mel.${c}`]
      const mel = await session.mel(makeClip(clip))
      t.same([mel.channels, mel.frames], packed.shape, `clip ${c}: channels and frames`)
      matchGolden(t, mel.data, packed, `clip ${c}`)
    }
  })
}
