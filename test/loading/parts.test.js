// The decoder and the ranker loaded alone: each does its own work as the whole model does, and says what it lacks.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { Clvp, ClvpModelForConditionalGeneration } from '../../dist/lib/index.js'
import { essence, tinyFile, tone } from '../helpers/model.js'

const load = async (t, parts) => {
  const clvp = await Clvp.load(await tinyFile(), { threads: 1, device: 'cpu', ...(parts && { parts }) })
  t.teardown(() => clvp.dispose())
  return clvp
}
const draw = { candidates: 3, seed: 5, maxTokens: 12 }
const lacks = (part, remedy) => ({
  code: 'CLVP_UNSUPPORTED',
  message: new RegExp(`Expected a model with its ${part} .* received one loaded .*${remedy}`),
})

t.test('the decoder alone draws what the whole model draws', async (t) => {
  const [whole, decoder] = [await load(t), await load(t, ['decoder'])]
  t.same([whole.info.parts, decoder.info.parts], [['decoder', 'ranker'], ['decoder']])
  t.ok(decoder.info.bytes < whole.info.bytes)
  const [voice, same] = [await whole.voice(tone()), await decoder.voice(tone())]
  t.same(same.embedding, voice.embedding)
  const unranked = await decoder.generate('hello', { voice, ...draw, scores: 'none' })
  const ranked = await whole.generate('hello', { voice, ...draw })
  const byIndex = (a, b) => a.index - b.index
  const plain = ({ candidates }) =>
    candidates
      .toSorted(byIndex)
      .map(({ drawnCodes, codes, meanLogprob }) => ({ drawnCodes, codes, meanLogprob }))
  t.same(plain(unranked), plain(ranked))
  t.same(
    unranked.candidates.map((each) => [each.score, each.soloScore]),
    Array(3).fill([Number.NaN, Number.NaN]),
  )
  t.same(
    unranked.candidates.map(({ index }) => index),
    [0, 1, 2],
    'in the order of their indices',
  )
  t.same(unranked.best, unranked.candidates[0])
  t.equal(unranked.timings.scoreMs, 0)
  const same2 = await whole.generate('hello', { voice, ...draw, scores: 'none' })
  t.same(same2.candidates.map(essence), unranked.candidates.map(essence))

  await t.rejects(decoder.generate('hello', { voice, ...draw }), lacks('ranker', "scores: 'none'"))
  t.throws(() => decoder.stream('hello', { voice, ...draw }), lacks('ranker', "scores: 'none'"))
  await t.rejects(decoder.rank('hello', [Int32Array.of(1, 2)]), lacks('ranker', 'part'))
  await t.rejects(decoder.embedText('hello'), lacks('ranker', 'part'))
  await t.rejects(decoder.embedSpeech(Int32Array.of(1, 2)), lacks('ranker', 'part'))
})

t.test('the ranker alone ranks as the whole model does', async (t) => {
  const [whole, ranker] = [await load(t), await load(t, ['ranker'])]
  t.same(ranker.info.parts, ['ranker'])
  const rows = [Int32Array.of(1, 2, 3), Int32Array.of(4, 5)]
  t.same(await ranker.rank('hello', rows), await whole.rank('hello', rows))
  t.same(await ranker.embedText('hello'), await whole.embedText('hello'))
  const voice = await whole.voice(tone())
  await t.rejects(
    ranker.generate('hello', { voice, ...draw, scores: 'none' }),
    lacks('decoder', 'load the decoder'),
  )
  await t.rejects(ranker.voice(tone()), lacks('decoder', 'part'))
})

t.test("transformers' classes", async (t) => {
  const model = await ClvpModelForConditionalGeneration.fromPretrained(await tinyFile(), {
    parts: ['ranker'],
  })
  t.teardown(() => model.dispose())
  t.ok(await model.getTextFeatures({ inputIds: [[1, 2, 3]] }))
  await t.rejects(model.speechDecoderModel.forward({ inputIds: [[1, 2]] }), lacks('decoder', 'part'))
})

t.test('bad values', async (t) => {
  const file = await tinyFile()
  for (const parts of [[], 'decoder', ['head'], [undefined], null, {}]) {
    await t.rejects(Clvp.load(file, { parts }), {
      code: 'CLVP_INVALID_ARGUMENT',
      message:
        /Expected 'auto', or an array of 'decoder', 'ranker', 'encoder', 'hifigan', 'diffusion', 'vocoder' and 'random', one or more for parts but received/,
    })
  }
  await t.rejects(Clvp.load(file, { parts: ['encoder'] }), {
    code: 'CLVP_INVALID_ARGUMENT',
    message: /at least one part that the file has/,
  })
})

t.test('the command line', async (t) => {
  const cli = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))
  const run = (...args) => spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8' })
  const few = ['--max-tokens', '5', '-n', '2', '--json']
  const { status, stdout } = run(
    'generate',
    'demo',
    'Hi.',
    ...few,
    '--part',
    'decoder',
    '--scores',
    'none',
    '--mmap',
  )
  t.equal(status, 0)
  t.equal(JSON.parse(stdout).candidates[0].score, null)
  t.match(run('generate', 'demo', 'Hi.', ...few, '--part', 'decoder').stderr, /ranker.*CLVP_UNSUPPORTED/)
  t.match(
    run('generate', 'demo', 'Hi.', ...few, '--part', 'head').stderr,
    /'diffusion', 'vocoder' and 'random'.*for parts/,
  )
  t.match(run('generate', 'demo', 'Hi.', '--max-tokens', '5', '-n', '2', '--scores', 'none').stdout, / - +- /)
})
