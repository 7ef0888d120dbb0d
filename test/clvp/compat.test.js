// compat: what each mode sets, at load and with a call; options that are given beside it count instead.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Clvp, convertFolder } from '../../dist/lib/index.js'
import { loadTinyModel, tinyFile, tone } from '../helpers/model.js'
import { freshCheckpoint } from '../helpers/safetensors.js'
import { packTuple } from '../helpers/torch.js'

const { clvp, voice } = await loadTinyModel(t)
const text = 'Hello, the 2nd world.'
const few = { voice, candidates: 2, maxTokens: 20, seed: 3 }
const refused = { code: 'CLVP_INVALID_ARGUMENT' }
const tortoise = {
  normalizer: 'tortoise',
  positions: 'trained',
  history: [1],
  padTo: 20,
  temperature: 0.8,
  topK: 50,
  topP: 0.8,
  minP: 0,
  typicalP: 1,
  repetitionPenalty: 2,
}
const transformers = {
  normalizer: 'transformers',
  positions: 'transformers',
  history: [],
  padTo: 0,
  temperature: 1,
  topK: 50,
  topP: 1,
  minP: 0,
  typicalP: 1,
  repetitionPenalty: 1,
}
const modes = { tortoise, transformers }

function essence({ candidates, normalized, settings }) {
  return { normalized, settings, rows: candidates.map(({ codes, score }) => [[...codes], score]) }
}

t.test('a draw is that with the options listed', async (t) => {
  for (const [compat, options] of Object.entries(modes)) {
    const found = await clvp.generate(text, { ...few, compat })
    t.match(found.settings, options, compat)
    t.same(essence(await clvp.generate(text, { ...few, ...options })), essence(found), compat)
    t.same(
      essence(await clvp.generate(text, { ...found.settings, voice })),
      essence(found),
      `${compat}: settings`,
    )
    for await (const event of clvp.stream(text, { ...few, compat })) {
      if (event.type === 'done') t.same(essence(event.result), essence(found), `${compat}: stream`)
    }
  }
  const plain = await clvp.generate(text, few)
  t.match(plain.settings, { positions: 'trained', history: [], padTo: 0, temperature: 0.8 })
})

t.test('single options win', async (t) => {
  const own = { normalizer: 'basic', positions: 'cached', history: [5, 6], padTo: 25, topP: 0.5 }
  for (const [compat, set] of Object.entries(modes)) {
    const { settings } = await clvp.generate(text, { ...few, compat, ...own })
    t.match(settings, { ...set, ...own }, compat)
  }
  const { settings } = await clvp.generate(text, { ...few, compat: 'tortoise', history: [], padTo: 0 })
  t.match(settings, { history: [], padTo: 0 })
})

t.test('the length of ranked rows is that of the longest possible', async (t) => {
  const { best, settings } = await clvp.generate(text, { voice, candidates: 1, seed: 1, compat: 'tortoise' })
  t.equal(settings.padTo, clvp.info.maxTokens, '500 would not fit this model')
  t.equal(best.codes.length, best.finishReason === 'stop' ? settings.padTo : best.drawnCodes.length)
})

t.test('with positions of which the model file has one less', async (t) => {
  const file = join(t.testdir({}), 'counted.gguf')
  await convertFolder(freshCheckpoint(t), file, { type: 'f32', positions: 'transformers' })
  const plain = await Clvp.load(file, { threads: 1 })
  t.teardown(() => plain.dispose())
  t.equal(plain.info.positions, 'transformers')
  const heard = await plain.voice(Clvp.demoVoice)
  const maxTokens = plain.info.maxTokens + 1
  const options = { voice: heard, candidates: 1, seed: 1, scores: 'none' }
  const { settings } = await plain.generate('Hello.', { ...options, compat: 'tortoise' })
  t.match(settings, { positions: 'trained', maxTokens, padTo: maxTokens })
  await t.rejects(plain.generate('Hello.', { ...options, maxTokens }), refused)
})

t.test('the repetition penalty counts the history', async (t) => {
  // Greedy, with a penalty that no logit survives: what counts as drawn is not drawn first.
  const greedy = { ...few, candidates: 1, maxTokens: 1, temperature: 0, repetitionPenalty: 1000 }
  const first = async (options) => (await clvp.generate(text, { ...greedy, ...options })).best.drawnCodes[0]
  const likeliest = await first({})
  t.not(await first({ history: [likeliest] }), likeliest)
  t.equal(await first({ history: [likeliest + 1] }), likeliest)
  for (const history of [[300], [-1], [1.5], 1, ['1']]) {
    await t.rejects(clvp.generate(text, { ...few, history }), { ...refused, message: /history/ })
  }
})

t.test('how other calls read', async (t) => {
  const rows = [Int32Array.of(1, 2, 3)]
  for (const compat of Object.keys(modes)) {
    const normalizer = compat
    t.same(await clvp.explain(text, { compat }), await clvp.explain(text, { normalizer }))
    t.same(await clvp.embedText(text, { compat }), await clvp.embedText(text, { normalizer }))
    t.same(await clvp.rank(text, rows, { compat }), await clvp.rank(text, rows, { normalizer }))
    t.same(
      await clvp.latents(text, rows[0], { voice, compat }),
      await clvp.latents(text, rows[0], { voice, normalizer, positions: 'trained' }),
    )
    const both = await clvp.explain('2nd', { compat, normalizer: 'basic' })
    t.equal(both.normalized, (await clvp.explain('2nd', { normalizer: 'basic' })).normalized)
  }
  t.not(
    (await clvp.explain(text, { compat: 'transformers' })).normalized,
    (await clvp.explain(text, { compat: 'tortoise' })).normalized,
  )
  await t.rejects(clvp.explain(text, { compat: 'coqui' }), { ...refused, message: /'tortoise'/ })
  await t.rejects(clvp.embedSpeech([1], { compat: 'tortoise' }), { ...refused, message: /known names/ })
})

t.test('which windows a voice hears', async (t) => {
  const clip = tone(2 * clvp.info.clipSeconds)
  const of = async (options) => (await clvp.voice(clip, options)).origin
  t.match(await of({ compat: 'tortoise' }), { windows: 'random', clips: [{ windows: { length: 1 } }] })
  t.match(await of({ compat: 'tortoise', seed: 3 }), { windows: 'random', seed: 3 })
  t.match(await of({ compat: 'transformers' }), { windows: 'first' })
  t.match(await of({ compat: 'transformers', windows: 'all', seconds: 9 }), { windows: 'all' })
  await t.rejects(of({ compat: 'transformers', seed: 3 }), refused)
  const single = { dtype: 'F32', shape: [1, 48], data: Buffer.alloc(4 * 48) }
  const latents = packTuple([single, single])
  await t.rejects(clvp.voice(latents, { compat: 'tortoise' }), {
    ...refused,
    message: /compat only with recordings/,
  })
  const other = await Clvp.load(await tinyFile(), { threads: 1, compat: 'tortoise' })
  t.teardown(() => other.dispose())
  t.equal((await other.voice(latents)).clips, 1)
})

t.test('load chooses for all calls', async (t) => {
  const other = await Clvp.load(await tinyFile(), { threads: 1, compat: 'transformers' })
  t.teardown(() => other.dispose())
  t.match((await other.generate(text, few)).settings, { ...transformers, normalizer: undefined })
  t.equal((await other.explain('2nd')).normalized, 'twond')
  t.equal((await other.voice(tone())).origin.windows, 'first')
  t.match(
    (await other.generate(text, { ...few, compat: 'tortoise' })).settings,
    tortoise,
    'a call goes first',
  )
  t.match((await other.generate(text, { ...few, topP: 0.3 })).settings, { topP: 0.3, temperature: 1 })
  const own = await Clvp.load(await tinyFile(), { threads: 1, compat: 'transformers', normalizer: 'english' })
  t.teardown(() => own.dispose())
  t.equal((await own.explain('2nd')).normalized, 'second', 'options of load go first')
  t.match((await own.generate(text, few)).settings, { positions: 'transformers' })
  await t.rejects(Clvp.load(await tinyFile(), { compat: 'coqui' }), refused)
})

t.test("a checkpoint's own sampling is transformers', not tortoise's", async (t) => {
  const folder = freshCheckpoint(t)
  const load = async (config) => {
    writeFileSync(join(folder, 'generation_config.json'), JSON.stringify(config))
    const file = join(folder, `${Object.keys(config).join('-')}.gguf`)
    await convertFolder(folder, file, { type: 'f32' })
    const model = await Clvp.load(file, { threads: 1 })
    t.teardown(() => model.dispose())
    const made = await model.voice(tone())
    return async (compat) => (await model.generate(text, { ...few, voice: made, compat })).settings
  }
  const settings = await load({ do_sample: true, top_p: 0.6, temperature: 1.2 })
  t.match(await settings('transformers'), { ...transformers, topP: 0.6, temperature: 1.2 })
  t.match(await settings('tortoise'), tortoise)
  t.match(await settings(), { topP: 0.6, temperature: 1.2, repetitionPenalty: 2 })
})
