// maxMemory: a batch that stays within it, and a refusal with the estimate, before anything is allocated, where none does.
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'
import { essence, loadTinyModel, tinyFile } from '../helpers/model.js'

const { clvp, voice } = await loadTinyModel(t)
const text = 'Hello world.'
const textTokens = (await clvp.explain(text)).tokens.length
const call = { candidates: 8, tokens: 20, textTokens }
const total = (batchSize) => clvp.info.estimateBytes({ ...call, batchSize })
const options = { voice, candidates: 8, maxTokens: 20, seed: 3, deterministic: true }

/** How many candidates each step has at most. */
async function largestBatch(more) {
  let largest = 0
  const logitsProcessor = (_, scores, live) => {
    largest = Math.max(largest, live.rows.length)
    return scores
  }
  const result = await clvp.generate(text, { ...options, logitsProcessor, ...more })
  return { largest, found: result.candidates.map(essence) }
}

t.test('the batch is as large as fits, and the candidates are the same', async (t) => {
  const all = await largestBatch({})
  t.equal(all.largest, 8, 'no limit: all of them')
  t.equal((await largestBatch({ maxMemory: total(8) })).largest, 8)
  const some = await largestBatch({ maxMemory: total(8) - 1 })
  t.equal(some.largest, 7)
  t.same(some.found, all.found)
  t.equal((await largestBatch({ maxMemory: total(3) })).largest, 3)
  t.equal((await largestBatch({ maxMemory: total(3), batchSize: 2 })).largest, 2, 'a smaller one is taken')
})

t.test('what does not fit is refused with the estimate', async (t) => {
  const code = 'CLVP_OUT_OF_MEMORY'
  await t.rejects(clvp.generate(text, { ...options, maxMemory: total(1) - 1 }), {
    code,
    message:
      /within maxMemory, \d+ MB, but one candidate would take \d+ MB \(weights \d+ MB, .*: use fewer tokens/,
  })
  await t.rejects(clvp.generate(text, { ...options, maxMemory: total(4), batchSize: 6 }), {
    code,
    message: /but 6 candidates at a time would take .*: set batchSize to 4 or less$/,
  })
  const maxMemory = clvp.info.estimateBytes({ ...call, candidates: 6, batchSize: 4 })
  const beams = { voice, maxTokens: 20, beams: 6, maxMemory }
  await t.rejects(clvp.generate(text, beams), { code, message: /set beams to 4 or less$/ })
  t.throws(() => clvp.stream(text, { ...options, maxMemory: 1 }), { code })
})

t.test('a limit of load holds for all calls, unless one has its own', async (t) => {
  const bound = await Clvp.load(await tinyFile(), { threads: 1, maxMemory: total(2) })
  t.teardown(() => bound.dispose())
  const made = await bound.voice(Clvp.demoVoice)
  const steps = async (more) =>
    (await bound.generate(text, { ...options, voice: made, ...more })).timings.steps
  t.ok((await steps({})) > (await steps({ maxMemory: total(8) })), 'fewer at a time, more steps')
  await t.rejects(steps({ batchSize: 8 }), { code: 'CLVP_OUT_OF_MEMORY' })
})

t.test('a model that does not fit is not loaded', async (t) => {
  const file = await tinyFile()
  await t.rejects(Clvp.load(file, { maxMemory: 1000 }), {
    code: 'CLVP_OUT_OF_MEMORY',
    message: /the weights of .* take \d+ MB: use a smaller type/,
  })
  await t.rejects(Clvp.load(file, { maxMemory: clvp.info.bytes + 1000 }), {
    code: 'CLVP_OUT_OF_MEMORY',
    message: /the smallest call would take/,
  })
})

t.test('bad limits', async (t) => {
  for (const maxMemory of [0, -1, 1.5, '1 GB', Number.NaN, null]) {
    const code = 'CLVP_INVALID_ARGUMENT'
    await t.rejects(clvp.generate(text, { ...options, maxMemory }), { code, message: /maxMemory/ })
    await t.rejects(Clvp.load(Clvp.demo, { maxMemory }), { code, message: /maxMemory/ })
  }
})
