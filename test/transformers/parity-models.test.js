// Every method of the model classes gives what transformers' gave: the cases of helpers/model_cases.js, sampled in golden/models.json.
import { join } from 'node:path'
import t from 'tap'
import { ClvpModelForConditionalGeneration } from '../../dist/lib/index.js'
import { writeCheckpoint } from '../helpers/checkpoint.js'
import { modelCases } from '../helpers/model_cases.js'
import { modelRecipes, readModelGolden } from '../helpers/model_golden.js'
import { answer, compareKept } from '../helpers/models.js'

const limit = 1e-4 // of the largest expected number: both sides compute in F32, in another order
const golden = readModelGolden()

for (const recipe of modelRecipes()) {
  t.test(recipe.name, async (t) => {
    const dir = t.testdir({ cache: {} })
    process.env.CLVP_CACHE = join(dir, 'cache')
    writeCheckpoint(recipe, join(dir, 'model'))
    const model = await ClvpModelForConditionalGeneration.fromPretrained(join(dir, 'model'), { threads: 1 })
    for (const each of modelCases(recipe)) {
      const expected = golden[recipe.name][each.id]
      if (each.fails === 'refuses') {
        await t.rejects(answer(model, each), { code: 'CLVP_INVALID_ARGUMENT' }, each.id)
        continue
      }
      const found = await answer(model, each)
      const wrong = Object.entries(expected ?? {}).flatMap(([name, wanted]) => {
        const { passed, note } = compareKept(name, found[name], wanted, limit)
        return passed ? [] : [`${name}: ${note}`]
      })
      t.same(wrong, [], each.id)
    }
    await model.dispose()
  })
}
