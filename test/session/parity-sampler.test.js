// Processed logits keep the entries that transformers' processors keep, with their values: test/golden/sampler.json.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { uniform } from '../helpers/checkpoint.js'
import { decodeFloats, differences } from '../helpers/golden.js'

const cases = JSON.parse(readFileSync(new URL('../golden/sampler.json', import.meta.url), 'utf8'))
const { warpLogits } = await import('../../dist/lib/config/sampling.js')

/** The case's logits, as make_logits() of scripts/parity/sampler_reference.py makes them. */
function makeLogits({ vocab, seed, step, holes }) {
  const logits = uniform(seed, 'logits', vocab, 6)
  return logits.map((value, i) => {
    if (holes && i % holes === 0) return -Infinity
    return step ? Math.floor(value / step) * step : value
  })
}

function describe({ logits, sampling }) {
  const neutral = { temperature: 1, topK: 0, topP: 1, minP: 0, typicalP: 1, repetitionPenalty: 1 }
  const set = Object.entries(sampling).filter(([name, value]) => value !== neutral[name])
  const made = Object.entries(logits).filter(([name]) => name !== 'seed')
  return [...set, ...made].map(([name, value]) => `${name} ${value}`).join(', ')
}

for (const one of cases) {
  t.test(describe(one), async (t) => {
    const warped = warpLogits(makeLogits(one.logits), Int32Array.from(one.seen), one.sampling)
    const entries = Array.from(warped, (_, i) => i)
    const mask = Buffer.from(one.kept, 'base64')
    const expected = entries.filter((i) => (mask[i >> 3] >> (i & 7)) & 1)
    const kept = entries.filter((i) => warped[i] !== -Infinity)
    t.equal(warped.length, one.logits.vocab)
    if (one.tied) t.equal(kept.length, expected.length, 'as many entries are kept')
    else t.same(kept, expected, `${expected.length} entries are kept`)
    const values = Float32Array.from(kept, (i) => warped[i])
    const expectedValues = decodeFloats(one.values)
    const { max } = one.tied
      ? differences(values.sort(), expectedValues.sort())
      : differences(values, expectedValues)
    t.ok(max <= 1e-6, 'with their values')
  })
}
