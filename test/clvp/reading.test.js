// How a text is read is chosen at load or with each call; results tell what was spoken and what was dropped.
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'
import { tinyFile, tone } from '../helpers/model.js'

const file = await tinyFile()
const clvp = await Clvp.load(file, { threads: 1 })
t.teardown(() => clvp.dispose())
const voice = await clvp.voice(tone())
const draw = { voice, candidates: 1, maxTokens: 3, seed: 1, scores: 'none' }
const refused = { code: 'CLVP_INVALID_ARGUMENT' }

t.test('the default reads as an English speaker does', async (t) => {
  const { normalized, dropped } = await clvp.generate('Dr. No paid 2 👍', draw)
  t.equal(normalized, 'doctor no paid two')
  t.strictSame(dropped, [{ text: '👍', index: 14 }])
})

t.test('each call may say otherwise', async (t) => {
  for (const [normalizer, spoken] of [
    ['english', 'second e'],
    ['tortoise', 'second e'],
    ['transformers', 'twond'],
    ['basic', 'nd'],
    [(text) => `${text.length} letters`, 'letters'],
  ]) {
    const { normalized } = await clvp.generate('2nd é', { ...draw, normalizer })
    t.equal(normalized.trim(), spoken)
    t.equal((await clvp.explain('2nd é', { normalizer })).normalized.trim(), spoken)
  }
  t.same(
    await clvp.embedText('2 é', { normalizer: 'tortoise' }),
    await clvp.embedText('two e', { normalizer: 'none' }),
  )
  const rows = [Int32Array.of(1, 2, 3)]
  t.same(await clvp.rank('2', rows), await clvp.rank('two', rows))
  t.notSame(await clvp.rank('2nd', rows, { normalizer: 'transformers' }), await clvp.rank('2nd', rows))
})

t.test('load chooses for all calls', async (t) => {
  const other = await Clvp.load(file, { threads: 1, normalizer: 'transformers' })
  t.teardown(() => other.dispose())
  t.equal((await other.explain('1st')).normalized, 'onest')
  t.equal((await other.explain('1st', { normalizer: 'english' })).normalized, 'first')
  await t.rejects(Clvp.load(file, { normalizer: 'german' }), refused)
})

t.test('a stream ends with what was spoken', async (t) => {
  const events = []
  for await (const event of clvp.stream('5 👍', draw)) events.push(event)
  t.match(events.at(-1).result, { normalized: 'five', dropped: [{ text: '👍', index: 2 }] })
})

t.test('a text without anything to say is refused', async (t) => {
  for (const text of ['', ' ', 'Привет', '👍', '...', '漢字']) {
    await t.rejects(clvp.generate(text, draw), { ...refused, message: /letters or numbers/ }, text)
    await t.rejects(clvp.embedText(text), refused, text)
  }
})

t.test('a normaliser of the wrong kind, or that gives no string or throws', async (t) => {
  for (const normalizer of ['English', 5, null, {}]) {
    await t.rejects(clvp.embedText('a', { normalizer }), { ...refused, message: /'english', 'tortoise'/ })
  }
  await t.rejects(clvp.embedText('a', { normalizer: () => 5 }), { ...refused, message: /returns a string/ })
  await t.rejects(
    clvp.embedText('a', {
      normalizer: () => {
        throw new RangeError('own')
      },
    }),
    { name: 'RangeError', message: 'own' },
  )
})
