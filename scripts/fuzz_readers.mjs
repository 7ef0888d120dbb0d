#!/usr/bin/env node
/**
 * Fuzzes the readers that are written in TypeScript: they must read an input or refuse it with a ClvpError,
 * and soon.
 *   node scripts/fuzz_readers.mjs [--runs 100000] [--only torch,safetensors,tokenizer,config,stages,sound_metadata]
 *     [--seconds N] [--seed 1] [--findings 1]
 * The same seed gives the same inputs. A target ends after so many kinds of findings. What is neither read
 * nor refused is left in .cache/fuzz/NAME, as crash-SEED, and can be run again:
 *   node scripts/fuzz_readers.mjs --only NAME --input .cache/fuzz/NAME/crash-SEED
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { config } from '../test/fuzz/readers/config.js'
import { fuzz, outcomeOf } from '../test/fuzz/readers/driver.js'
import { safetensors } from '../test/fuzz/readers/safetensors.js'
import { soundMetadataReader } from '../test/fuzz/readers/sound_metadata.js'
import { stages } from '../test/fuzz/readers/stages.js'
import { tokenizer } from '../test/fuzz/readers/tokenizer.js'
import { torch } from '../test/fuzz/readers/torch.js'

const targets = { torch, safetensors, tokenizer, config, stages, sound_metadata: soundMetadataReader }
const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '100000' },
    only: { type: 'string', default: Object.keys(targets).join() },
    seconds: { type: 'string', default: 'Infinity' },
    seed: { type: 'string', default: '1' },
    findings: { type: 'string', default: '1' },
    input: { type: 'string' },
  },
})

function describe(name, { runs, outcomes, seconds }) {
  const sorted = Object.entries(outcomes).sort(([, a], [, b]) => b - a)
  const counts = sorted.map(([outcome, count]) => `${outcome} ${count}`).join(', ')
  return `${name}: ${runs} inputs in ${seconds.toFixed(1)} s (${Math.round(runs / seconds)}/s): ${counts}`
}

async function run(name) {
  const target = targets[name]
  if (!target) throw new Error(`there is no target ${name}: there are ${Object.keys(targets).join(', ')}`)
  if (options.input) {
    try {
      console.log(`${name}: ${await outcomeOf(target, readFileSync(options.input))}`)
    } finally {
      target.close?.()
    }
    return
  }
  const numbers = ['runs', 'seconds', 'seed', 'findings'].map((each) => [each, Number(options[each])])
  console.log(describe(name, await fuzz(target, Object.fromEntries(numbers))))
}

for (const name of options.only.split(',')) {
  try {
    await run(name)
  } catch (error) {
    console.error(error?.message ?? error)
    process.exitCode = 1 // the others are run all the same
  }
}
