#!/usr/bin/env node
/**
 * Measures the demo model on sentences and voices that it never learned from, and prints a table of goals: `npm run demo:evaluate`.
 * Needs espeak-ng, and Python (a virtual environment is made in .cache/demo-venv). Takes two hours on two cores the first time; a
 * recogniser learns for half an hour of them. Ends with 1 if a goal is missed.
 *
 *   --work DIR     where training left its results (default .cache/demo-model); if DIR/model is not there, demo/demo.gguf is unpacked in its place:
 *                  losses of types are then counted from its own weights
 *   --only PARTS   some of ranking, candidates, greedy, words, voices, steps, types
 *   --python FILE  a Python that has the packages of requirements.txt
 *   --write-docs   puts tables and pictures into docs/demo-model.md and docs/demo-model/
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Clvp } from '../../dist/lib/index.js'
import { findPython, root, run } from './python.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))

import { Context } from './evaluate/context.mjs'
import { writeDocs } from './evaluate/docs.mjs'
import { measureCandidates, measureGreedy, measureRanking } from './evaluate/ranking.mjs'
import { measureSteps } from './evaluate/steps.mjs'
import { measureTypes } from './evaluate/types.mjs'
import { measureVoices } from './evaluate/voices.mjs'
import { measureWords } from './evaluate/words.mjs'

const parts = {
  ranking: measureRanking,
  candidates: measureCandidates,
  greedy: measureGreedy,
  words: measureWords,
  voices: measureVoices,
  steps: measureSteps,
  types: measureTypes,
}
/** What only some parts need: the recogniser of phonemes. */
const listening = ['words', 'steps', 'types']

const { values: options } = parseArgs({
  options: {
    work: { type: 'string', default: join(root, '.cache/demo-model') },
    only: { type: 'string', default: Object.keys(parts).join() },
    python: { type: 'string' },
    'write-docs': { type: 'boolean', default: false },
  },
})
const chosen = options.only.split(',')
const unknown = chosen.find((name) => !(name in parts))
if (unknown !== undefined)
  throw new Error(`Expected some of ${Object.keys(parts).join(', ')} for --only but received ${unknown}`)

const python = options.python ?? findPython()
let model = join(options.work, 'model')
if (!existsSync(model)) {
  model = join(options.work, 'unpacked')
  run(python, [join(root, 'scripts/demo-model/unpack.py'), Clvp.demo, model])
  console.log('The trained checkpoint is not there: demo/demo.gguf was unpacked in its place.')
}
if (listening.some((name) => chosen.includes(name)) && !existsSync(join(options.work, 'recogniser.pt'))) {
  run(python, ['-W', 'ignore', join(here, 'recogniser.py'), 'train', '--work', options.work])
}
const clvp = await Clvp.load(Clvp.demo)
const voice = await clvp.voice(Clvp.demoVoice)
const context = new Context({ python, model, work: options.work, clvp, voice })
context.readHeldOut(Clvp.demoVoice)
console.log(
  `${context.sentences.length} held-out sentences; demo.gguf is ${clvp.info.type}, drawn with`,
  clvp.info.sampling,
  '\n',
)
for (const name of chosen) await parts[name](context)
for (const table of Object.values(context.tables)) console.log(`\n${table}`)
if (options['write-docs']) await writeDocs(context)
await clvp.dispose()
process.exitCode = context.goals.every(({ reached }) => reached) ? 0 : 1
