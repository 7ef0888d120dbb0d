// Codes of recordings: those of DiscreteVAE (coqui-tts), and those of a plain reading of random weights.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Clvp, ClvpFeatureExtractor, convertFolder } from '../../dist/lib/index.js'
import { readRecipe, writeCheckpoint } from '../helpers/checkpoint.js'
import { makeDvae, referenceCodes, writeDvae } from '../helpers/dvae.js'
import { makeClip } from '../helpers/golden.js'

const recipe = readRecipe('plain')
const norms = recipe.preprocessor.mel_norms
const golden = JSON.parse(readFileSync(new URL('../golden/dvae.json', import.meta.url), 'utf8'))

async function load(t, weights, type = 'f32') {
  const folder = writeCheckpoint(recipe, join(t.testdir(), 'model'))
  writeDvae(join(folder, 'dvae.pth'), weights)
  await convertFolder(folder, `${folder}.gguf`, { type })
  const clvp = await Clvp.load(`${folder}.gguf`, { threads: 1 })
  t.teardown(() => clvp.dispose())
  return clvp
}

t.test("equal DiscreteVAE's", async (t) => {
  const clvp = await load(t, makeDvae(golden.sizes, golden.seed))
  t.equal(clvp.info.encoder, 'dvae')
  t.same(clvp.info.parts, ['decoder', 'ranker', 'encoder'])
  for (const { seed, samples, codes } of golden.clips) {
    const found = await clvp.encode({ samples: makeClip({ seed, samples }), sampleRate: 22050 })
    t.same([...found], codes, `${samples} samples`)
  }
})

t.test('equal a plain reading, at other sizes', async (t) => {
  for (const [seed, hidden, blocks, embd] of [
    [1, 16, 0, 3],
    [2, 20, 3, 5],
  ]) {
    const weights = makeDvae({ mels: 80, hidden, blocks, embd, codes: 298 }, seed)
    const clvp = await load(t, weights)
    for (const seconds of [1, 2]) {
      const samples = makeClip({ seed, samples: seconds * 22050 })
      const extractor = new ClvpFeatureExtractor({ defaultAudioLength: seconds, melNorms: norms })
      const { inputFeatures } = await extractor.call(samples, { samplingRate: 22050 })
      const expected = referenceCodes(weights, inputFeatures.data, 80)
      t.ok(new Set(expected).size > 3, 'codes that differ')
      t.same(
        [...(await clvp.encode({ samples, sampleRate: 22050 }))],
        expected,
        `${blocks} blocks, ${seconds} s`,
      )
    }
  }
})

t.test('nearly the same in other types', async (t) => {
  const weights = makeDvae({ mels: 80, hidden: 32, blocks: 2, embd: 5, codes: 298 }, 3)
  const samples = makeClip({ seed: 9, samples: 3 * 22050 })
  const exact = await (await load(t, weights)).encode({ samples, sampleRate: 22050 })
  for (const type of ['f16', 'q8_0']) {
    const found = await (await load(t, weights, type)).encode({ samples, sampleRate: 22050 })
    const same = exact.filter((code, i) => code === found[i]).length
    t.ok(same >= 0.8 * exact.length, `${type}: ${same} of ${exact.length}`)
  }
})
