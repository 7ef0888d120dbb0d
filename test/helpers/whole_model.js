/** The model classes on a tiny checkpoint, for tests. */
import { join } from 'node:path'
import { ClvpModelForConditionalGeneration, Tensor } from '../../dist/lib/index.js'
import { readRecipe, writeCheckpoint } from './checkpoint.js'

/** Loads a recipe's checkpoint; `change` may alter the recipe first. It is disposed of when the test ends. */
export async function loadWhole(t, name = 'plain', change = () => {}) {
  const dir = t.testdir({})
  process.env.CLVP_CACHE = join(dir, 'cache')
  const recipe = structuredClone(readRecipe(name))
  change(recipe)
  writeCheckpoint(recipe, join(dir, 'model'))
  const model = await ClvpModelForConditionalGeneration.fromPretrained(join(dir, 'model'), { threads: 1 })
  t.teardown(() => model.dispose())
  return model
}

/** Mel features [clips, channels, frames] of nothing in particular. */
export function features(clips = 1, channels = 80, frames = 6) {
  const data = Float32Array.from({ length: clips * channels * frames }, (_, i) => Math.sin(i))
  return new Tensor(data, [clips, channels, frames])
}
