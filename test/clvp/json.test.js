// Results survive JSON: codes are arrays, every call takes them back, and settings draw the same candidates again.
import assert from 'node:assert/strict'
import t from 'tap'
import { Voice } from '../../dist/lib/index.js'
import { loadTinyModel } from '../helpers/model.js'

const { clvp, voice } = await loadTinyModel(t, { codebook: 290 })
const through = (value) => JSON.parse(JSON.stringify(value))
const text = 'Hello world.'
const few = { voice, candidates: 3, maxTokens: 12, seed: 5 }
const result = await clvp.generate(text, few)
const codesOf = ({ candidates }) => candidates.map(({ index, drawnCodes }) => [index, [...drawnCodes]])

t.test('codes are arrays of numbers', async (t) => {
  const { best } = result
  const expected = { codes: [...best.codes], drawnCodes: [...best.drawnCodes] }
  t.match(through(best), expected)
  t.match(through({ ...best }), expected, 'a copy of a candidate')
  t.same(through(best.codes), expected.codes, 'the codes alone')
  t.match(through(result), { best: expected, candidates: [expected, {}, {}], seed: 5 })
  assert.deepStrictEqual(best.codes, Int32Array.from(best.codes))
  const drawn = []
  for await (const event of clvp.stream(text, few))
    if (event.type === 'candidate') drawn.push(event.candidate)
  t.same(
    through(drawn).map(({ codes }) => codes),
    drawn.map(({ codes }) => [...codes]),
  )
  const embedding = await clvp.embedSpeech(best.codes)
  t.same(through(embedding), [...embedding])
  t.ok(Array.isArray(through(await clvp.embedText(text))))
})

t.test('every call takes them back', async (t) => {
  const { best, candidates } = result
  const forms = {
    'typed arrays': (each, key) => each[key],
    arrays: (each, key) => [...each[key]],
    candidates: (each) => each,
    'candidates after JSON': through,
  }
  const ranked = await clvp.rank(
    text,
    candidates.map(({ codes }) => codes),
  )
  const embedding = await clvp.embedSpeech(best.codes)
  const mel = await clvp.codesToMel(best.drawnCodes)
  const sound = await clvp.preview(best.drawnCodes, { iterations: 2 })
  for (const [name, form] of Object.entries(forms)) {
    t.same(
      await clvp.rank(
        text,
        candidates.map((each) => form(each, 'codes')),
      ),
      ranked,
      `rank, ${name}`,
    )
    t.same(await clvp.embedSpeech(form(best, 'codes')), embedding, `embedSpeech, ${name}`)
    t.same(await clvp.codesToMel(form(best, 'drawnCodes')), mel, `codesToMel, ${name}`)
    const heard = await clvp.preview(form(best, 'drawnCodes'), { iterations: 2 })
    t.same(heard.samples, sound.samples, `preview, ${name}`)
  }
})

t.test('drawn again from JSON', async (t) => {
  const ways = {
    plain: {},
    sampling: { temperature: 1.1, topK: 7, topP: 0.95, minP: 0.01, typicalP: 0.9, repetitionPenalty: 1.5 },
    more: {
      padTo: 30,
      keep: 2,
      scores: 'rank',
      deterministic: true,
      batchSize: 2,
      prefixPositions: 'cancelled',
    },
    preset: { candidates: undefined, preset: 'ultra_fast', keep: 3 },
    greedy: { temperature: 0, candidates: 1 },
    beams: { candidates: 2, seed: undefined, beams: 3, lengthPenalty: 0.5, earlyStopping: true },
    'drawn beams': { candidates: 2, beams: 3, temperature: 1 },
  }
  for (const [name, options] of Object.entries(ways)) {
    const drawn = await clvp.generate(text, { ...few, ...options })
    const { settings, held } = through({ settings: drawn.settings, held: voice })
    const again = await clvp.generate(text, { ...settings, voice: Voice.fromJSON(held) })
    t.same(codesOf(again), codesOf(drawn), name)
    t.same(again.settings, drawn.settings, `${name}: settings`)
    for (const key of Object.keys(options)) {
      if (key !== 'preset' && options[key] !== undefined)
        t.same(settings[key], options[key], `${name}: ${key}`)
    }
  }
  const unseeded = await clvp.generate(text, { ...few, seed: undefined })
  t.equal(unseeded.settings.seed, unseeded.seed)
})
