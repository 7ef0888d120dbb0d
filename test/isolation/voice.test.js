// Calls that draw nothing are served in the midst of a draw, and a large one of them does not stop the draw.
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'
import { tone } from '../helpers/model.js'
import { LongDraw, openModel, openWhole, settlesBeside, within } from './company.js'
import { callsBesideDraw } from './scenes.js'

const codes = (length, seed = 0) => Int32Array.from({ length }, (_, i) => (seed + 7 * i) % 290)

t.test('voice(), rank() and the embeddings', async (t) => {
  await callsBesideDraw(t, await openModel(t), await openModel(t))
})

t.test('all of them at once, in the midst of a draw', async (t) => {
  const model = await openModel(t)
  const { clvp } = model
  const draw = await LongDraw.begin(t, model)
  await settlesBeside(t, draw, 'ten calls', () =>
    Promise.all([
      ...[1, 2, 3].map((i) => clvp.voice(tone(i / 10))),
      ...[1, 2, 3].map((i) => clvp.rank(`Text ${i}.`, [codes(5, i)])),
      ...[1, 2].map((i) => clvp.embedText(`A text, ${i}.`)),
      ...[1, 2].map((i) => clvp.embedSpeech(codes(9, i))),
    ]),
  )
})

t.test('a voice of clips in files', async (t) => {
  const model = await openModel(t)
  const draw = await LongDraw.begin(t, model)
  await settlesBeside(t, draw, 'voice()', () => model.clvp.voice([Clvp.demoVoice, Clvp.demoVoice]))
})

t.test('what codes look and sound like', async (t) => {
  const model = await openModel(t, { codebook: 290 })
  const draw = await LongDraw.begin(t, model)
  await settlesBeside(t, draw, 'codesToMel()', () => model.clvp.codesToMel(codes(20)))
  await settlesBeside(t, draw, 'preview()', () => model.clvp.preview(codes(4), { iterations: 4 }))
})

t.test('a draw goes on while many rows are ranked', async (t) => {
  const model = await openModel(t)
  const rows = Array.from({ length: 64 }, (_, i) => codes(300, i))
  const alone = await model.clvp.rank('Many rows.', rows)
  const draw = await LongDraw.begin(t, model)
  const before = draw.steps
  const found = await within(model.clvp.rank('Many rows.', rows), 'rank()', 60)
  t.notOk(draw.ended, 'rank() settles before the draw')
  t.ok(draw.steps - before >= 10, 'the draw has gone on meanwhile', { steps: draw.steps - before })
  t.same(found, alone)
})

t.test('a draw goes on while voices are made', async (t) => {
  const model = await openModel(t)
  const draw = await LongDraw.begin(t, model)
  const before = draw.steps
  const clips = Array.from({ length: 40 }, (_, i) => tone(0.5 + i / 100))
  await within(model.clvp.voice(clips), 'voice()', 60)
  t.notOk(draw.ended, 'voice() settles before the draw')
  t.ok(draw.steps - before >= 40, 'the draw has gone on between clips', { steps: draw.steps - before })
})

t.test('the lower layer', async (t) => {
  const whole = await openWhole(t)
  const { speechDecoderModel: decoder } = whole
  const many = { doSample: true, numReturnSequences: 512, maxNewTokens: 110 }
  let ended = false
  const draw = decoder.generate({ inputIds: [[3, 4]], ...many }).finally(() => {
    ended = true
  })
  const found = await within(
    Promise.all([
      whole.getTextFeatures({ inputIds: [[5, 6, 7]] }),
      whole.getSpeechFeatures({ speechIds: [[5, 6, 7]] }),
      decoder.forward({ inputIds: [[3, 4, 5]], useCache: false }),
    ]),
    'three passes',
    60,
  )
  t.notOk(ended, 'passes settle before the draw')
  t.equal(found.length, 3)
  await within(draw, 'the draw', 60)
})
