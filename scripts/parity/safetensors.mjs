/**
 * Holds our verdicts on safetensors files against the reference library's, live: on the broken files of test/hostile/safetensors.js, and on
 * files that the fuzzer makes. Ends with 1 when we take a file that the library refuses, or refuse one for a reason that is none of `stricter`.
 *
 *   npm run build:lib
 *   node scripts/parity/safetensors.mjs [--python .cache/parity-venv/bin/python] [--count 20000] [--seed 1]
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { SafetensorsFile } from '../../dist/quantize/formats/safetensors.js'
import { inputOf } from '../../test/fuzz/readers/driver.js'
import { readingFrom } from '../../test/fuzz/readers/memory.js'
import { fileOf, safetensors } from '../../test/fuzz/readers/safetensors.js'
import { packSafetensors } from '../../test/helpers/safetensors.js'
import { safetensorsFiles } from '../../test/hostile/safetensors.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SHOWN = 10

/** Where we refuse what the library takes, and why. */
const stricter = [
  { message: /it does not start with \{/, why: 'a blank before the header, which the format forbids' },
  { message: /is there twice/, why: 'a key twice, of which the library takes the last' },
  { message: /has an unknown field|it is nested too deeply/, why: 'fields that the format does not have' },
  { message: /has a shape that is/, why: 'a dimension of 2^53 or more, in a tensor of no elements' },
]

const { values: options } = parseArgs({
  options: {
    python: { type: 'string', default: join(ROOT, '.cache/parity-venv/bin/python') },
    count: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
  },
})

function files() {
  const data = Buffer.alloc(8)
  const header = { a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } }
  const named = safetensorsFiles(header, data).map(([name, bytes]) => ({ name, bytes }))
  const made = Array.from({ length: Number(options.count) }, (_, i) => {
    const seed = Number(options.seed) + i
    return { name: `made of seed ${seed}`, bytes: fileOf(inputOf(safetensors, seed)) }
  })
  return [{ name: 'a sound one', bytes: packSafetensors(header, data) }, ...named, ...made]
}

function theirVerdicts(list) {
  const input = list.map(({ bytes }) => `${bytes.toString('base64')}\n`).join('')
  const script = join(ROOT, 'scripts/parity/safetensors_reference.py')
  const { stdout, stderr, status, error } = spawnSync(options.python, [script], {
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  })
  if (error || status !== 0) throw error ?? new Error(stderr)
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

async function ourVerdict(bytes) {
  try {
    await readingFrom(bytes, async () => (await SafetensorsFile.open('model.safetensors')).close())
    return 'sound'
  } catch (error) {
    if (error.name !== 'ClvpError') throw error
    return error.message
  }
}

const list = files()
const theirs = theirVerdicts(list)
const counts = { sound: 0, refused: 0 }
const reasons = new Map(stricter.map(({ why }) => [why, 0]))
const wrong = []
for (const [i, { name, bytes }] of list.entries()) {
  const ours = await ourVerdict(bytes)
  const isSound = theirs[i] === 'sound'
  if ((ours === 'sound') === isSound) {
    counts[isSound ? 'sound' : 'refused']++
    continue
  }
  const reason = isSound && stricter.find(({ message }) => message.test(ours))
  if (reason) reasons.set(reason.why, reasons.get(reason.why) + 1)
  else wrong.push(`${name}: ours ${JSON.stringify(ours)}, theirs ${JSON.stringify(theirs[i])}`)
}
console.log(`safetensors: ${list.length} files; both take ${counts.sound}, both refuse ${counts.refused}`)
for (const [why, count] of reasons) console.log(`  we alone refuse ${count}: ${why}`)
for (const line of wrong.slice(0, SHOWN)) console.log(`  differs: ${line}`)
console.log(`${wrong.length} differ`)
process.exitCode = wrong.length > 0 ? 1 : 0
