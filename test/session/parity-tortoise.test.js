// A pair of tortoise's checkpoints gives what tortoise-tts' own classes gave: voices, codes drawn in both ways, latents and scores.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { convertFolder } from '../../dist/lib/index.js'
import { writePairAlone } from '../helpers/tortoise.js'
import { answerCase, compareAnswers } from '../helpers/tortoise_answers.js'
import { goldenSize, makeCase, recipeOf } from '../helpers/tortoise_case.js'

// Of scripts/parity/tortoise_live.mjs --write-golden.
const golden = JSON.parse(readFileSync(new URL('../golden/tortoise.json', import.meta.url), 'utf8'))

t.notSame(golden.draws.trained, golden.draws.cached, 'the ways to count positions draw different codes')

const folder = join(t.testdir({}), 'pair')
writePairAlone(recipeOf(goldenSize), folder)
await convertFolder(folder, `${folder}.gguf`, { type: 'f32' })
const asked = makeCase(goldenSize)
const rows = compareAnswers(asked, await answerCase(`${folder}.gguf`, asked), golden)
t.equal(rows.length, 9)
for (const { quantity, compared, result, passed } of rows) t.ok(passed, `${quantity}: ${compared}: ${result}`)
