// prune: at 32, 64, 128 ... codes the worst of the candidates are given up. Which they are follows from the seed alone.
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'

const clvp = await Clvp.load(Clvp.demo, { device: 'cpu' })
t.teardown(() => clvp.dispose())
const voice = await clvp.voice(Clvp.demoVoice)
const text = 'Good morning Anna, the red apple is in the kitchen.'
const base = { voice, seed: 3, candidates: 10, deterministic: true }
const drawn = ({ candidates }) => candidates.toSorted((a, b) => a.index - b.index)
/** All but `codes` and `score`, for which rows are padded to the longest that is left. */
const essence = ({ index, seed, drawnCodes, soloScore }) => ({ index, seed, drawnCodes, soloScore })

/** The candidates that are left by the rule, of all that were drawn. */
async function survivors(all, share) {
  let left = all
  for (let codes = 32; ; codes *= 2) {
    const compared = left.filter(({ drawnCodes }) => drawnCodes.length >= codes)
    if (compared.length === 0) return left
    const rows = compared.map(({ drawnCodes }) => drawnCodes.slice(0, codes))
    const ranked = await clvp.rank(text, rows)
    const worst = ranked
      .slice(ranked.length - Math.floor(share * rows.length))
      .map(({ index }) => compared[index])
    left = left.filter((each) => !worst.includes(each))
  }
}

t.test('the worst so far are given up, and the others are as they would have been', async (t) => {
  const all = drawn(await clvp.generate(text, base))
  t.ok(
    all.every(({ drawnCodes }) => drawnCodes.length >= 32),
    'long enough to be compared',
  )
  for (const share of [0.1, 0.25, 0.75, 0.9]) {
    const expected = await survivors(all, share)
    const pruned = await clvp.generate(text, { ...base, prune: share })
    t.same(drawn(pruned).map(essence), expected.map(essence), `${share}: ${expected.length} of ${all.length}`)
    t.ok(expected.length < all.length)
    t.equal(pruned.settings.prune, share)
    t.ok(pruned.candidates.every(({ score }, i) => i === 0 || score <= pruned.candidates[i - 1].score))
  }
  t.same(drawn(await clvp.generate(text, { ...base, prune: 0 })).map(essence), all.map(essence), 'none')
})

t.test('whatever the batch, the threads, the process, and the calls beside it', async (t) => {
  const options = { ...base, prune: 0.5 }
  const expected = drawn(await clvp.generate(text, options)).map(essence)
  for (const batchSize of [1, 5, 12]) {
    const found = await clvp.generate(text, { ...options, batchSize })
    t.same(drawn(found).map(essence), expected, `batches of ${batchSize}`)
  }
  const beside = [1, 2, 3].map((seed) => clvp.generate('Hello Ben.', { voice, seed, candidates: 9 }))
  t.same(drawn(await clvp.generate(text, options)).map(essence), expected, 'beside other calls')
  await Promise.all(beside)
  const watched = await clvp.generate(text, { ...options, logitsProcessor: (_, scores) => scores })
  t.same(drawn(watched).map(essence), expected, 'in lockstep')
  const apart = await Clvp.load(Clvp.demo, { device: 'cpu', isolate: true, threads: 1 })
  t.same(drawn(await apart.generate(text, options)).map(essence), expected, 'in a process of its own')
  await apart.dispose()
})

t.test('comparisons that are due at once, as all but the last candidate have ended', async (t) => {
  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
    const [together, alone] = await Promise.all(
      [10, 1].map((batchSize) => clvp.generate(text, { ...base, seed, prune: 0.5, batchSize })),
    )
    t.same(drawn(alone).map(essence), drawn(together).map(essence), `seed ${seed}`)
  }
})

t.test('a stream ends with those that are left', async (t) => {
  const expected = await clvp.generate(text, { ...base, prune: 0.5 })
  for await (const event of clvp.stream(text, { ...base, prune: 0.5 })) {
    if (event.type === 'done') t.same(event.result.candidates.map(essence), expected.candidates.map(essence))
  }
})

t.test('what cannot be', async (t) => {
  for (const prune of [-0.1, 0.91, Number.NaN, '0.5', null]) {
    await t.rejects(clvp.generate(text, { ...base, prune }), { code: 'CLVP_INVALID_ARGUMENT' }, String(prune))
  }
  await t.rejects(clvp.generate(text, { voice, beams: 2, prune: 0.5 }), {
    code: 'CLVP_INVALID_ARGUMENT',
    message: /no prune with beams/,
  })
  const decoder = await Clvp.load(Clvp.demo, { parts: ['decoder'] })
  const alone = { voice, candidates: 4, scores: 'none' }
  await t.rejects(decoder.generate(text, { ...alone, prune: 0.5 }), { code: 'CLVP_UNSUPPORTED' })
  t.equal((await decoder.generate(text, alone)).candidates.length, 4)
  await decoder.dispose()
})
