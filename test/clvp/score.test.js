// Recordings against texts: scores, their order, what is named, and models that cannot encode.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Clvp, convertFolder, writeWav } from '../../dist/lib/index.js'
import { readRecipe, writeCheckpoint } from '../helpers/checkpoint.js'
import { makeDvae, writeDvae } from '../helpers/dvae.js'
import { loadTinyModel, tinyFile, tone } from '../helpers/model.js'

const texts = ['Good morning Anna.', 'The red apple is in the kitchen.', 'We have no time for this.']

/** The demo model, and its own rendering of each text. */
async function loadDemo(t) {
  const clvp = await Clvp.load(Clvp.demo, { threads: 1 })
  t.teardown(() => clvp.dispose())
  const voice = await clvp.voice(Clvp.demoVoice)
  const drawn = []
  for (const text of texts) drawn.push((await clvp.generate(text, { voice, candidates: 4, seed: 1 })).best)
  return { clvp, drawn }
}

t.test("the demo's codebook hears what it plays, and the right text wins", async (t) => {
  const { clvp, drawn } = await loadDemo(t)
  t.equal(clvp.info.encoder, 'codebook')
  const heard = []
  for (const { drawnCodes } of drawn) heard.push(await clvp.preview(drawnCodes))
  const codes = await clvp.encode(heard[0])
  const same = codes.filter((code, i) => code === drawn[0].drawnCodes[i]).length
  t.ok(same > 0.6 * codes.length, `${same} of ${codes.length} codes`)
  t.same(JSON.parse(JSON.stringify(codes)), [...codes], 'codes survive JSON')

  for (const [i, text] of texts.entries()) {
    const [best, ...others] = await clvp.score(text, heard)
    t.match(best, { index: i, clip: `clips[${i}]` })
    t.ok(others.every(({ score }) => score < best.score))
    const [ranked] = await clvp.rank(text, [best])
    t.equal(best.score, ranked.score, "rank()'s score")
  }
  const table = await clvp.scoreTable(texts, heard)
  t.same(table.texts, texts)
  t.same(
    table.scores.map((row) => row.indexOf(Math.max(...row))),
    [0, 1, 2],
  )
  const [{ score }] = await clvp.score(texts[1], heard[2])
  t.ok(Math.abs(table.scores[2][1] - score) < 1e-3 * Math.abs(score), 'the same scores')
})

t.test('clips are files, folders, bytes and samples, at any rate', async (t) => {
  const { clvp } = await loadTinyModel(t, { codebook: 298 })
  const dir = t.testdir()
  mkdirSync(join(dir, 'takes'))
  const { samples } = tone(1)
  for (const name of ['b.wav', 'a.wav']) await writeWav(join(dir, 'takes', name), samples, 22050)
  const found = await clvp.score('hello', [tone(1), join(dir, 'takes'), tone(2, 16000)])
  const byPlace = found.toSorted((a, b) => a.index - b.index)
  t.same(
    byPlace.map(({ clip }) => clip),
    ['clips[0]', join(dir, 'takes', 'a.wav'), join(dir, 'takes', 'b.wav'), 'clips[2]'],
  )
  t.same(byPlace[1].codes, byPlace[2].codes)
  t.equal(byPlace[3].codes.length, Math.ceil((2 * 22050) / 1024))
  t.same([...(await clvp.encode(join(dir, 'takes', 'a.wav')))], [...byPlace[1].codes])
})

t.test('a model without an encoder', async (t) => {
  const { clvp } = await loadTinyModel(t)
  t.equal(clvp.info.encoder, undefined)
  const lacks = {
    code: 'CLVP_UNSUPPORTED',
    message: /Expected a model that can encode recordings .*dvae\.pth/,
  }
  await t.rejects(clvp.encode(tone()), lacks)
  await t.rejects(clvp.score('hello', tone()), lacks)
  await t.rejects(clvp.scoreTable(['hello'], tone()), lacks)
})

t.test('an encoder or a ranker that was not loaded', async (t) => {
  const folder = writeCheckpoint({ ...readRecipe('plain'), codebook: 298 }, join(t.testdir(), 'model'))
  writeDvae(join(folder, 'dvae.pth'), makeDvae({ mels: 80, hidden: 8, blocks: 1, embd: 3, codes: 298 }, 1))
  await convertFolder(folder, `${folder}.gguf`, { type: 'f32' })
  const load = async (parts) => {
    const clvp = await Clvp.load(`${folder}.gguf`, { threads: 1, parts })
    t.teardown(() => clvp.dispose())
    return clvp
  }
  const ranker = await load(['ranker'])
  t.equal(ranker.info.encoder, undefined, 'the codebook does not stand in: its codes would be others')
  await t.rejects(ranker.encode(tone()), {
    code: 'CLVP_UNSUPPORTED',
    message: /Expected a model with its encoder .* parts: \['ranker'\]/,
  })
  const dvae = await load(['encoder'])
  t.equal(dvae.info.encoder, 'dvae')
  t.ok(dvae.info.bytes < ranker.info.bytes)
  const codes = await dvae.encode(tone())
  await t.rejects(dvae.score('hello', tone()), { code: 'CLVP_UNSUPPORTED', message: /with its ranker/ })
  const both = await load(['ranker', 'encoder'])
  const [scored] = await both.score('hello', tone())
  t.same(scored.codes, codes)
  t.match(await ranker.rank('hello', [codes]), [{ score: scored.score }])
})

t.test('bad arguments', async (t) => {
  const { clvp } = await loadTinyModel(t, { codebook: 298 })
  const invalid = (message) => ({ code: 'CLVP_INVALID_ARGUMENT', message })
  await t.rejects(clvp.encode(), invalid(/a path, the bytes of an audio file, or \{ samples/))
  await t.rejects(clvp.encode([tone()]), invalid(/for clip/))
  await t.rejects(clvp.score('hello', []), invalid(/at least one clip for clips/))
  await t.rejects(clvp.score('', tone()), invalid(/text/))
  for (const texts of ['hello', [], undefined])
    await t.rejects(clvp.scoreTable(texts, tone()), invalid(/an array of texts for texts/))
  await t.rejects(clvp.scoreTable(['hello', 3], tone()), invalid(/text/))
  await t.rejects(clvp.score('hello', tone(), { voice: 1 }), invalid(/known names in options/))
  await t.rejects(clvp.encode(Uint8Array.of(1, 2, 3, 4)), { code: 'CLVP_AUDIO' })
  const path = join(t.testdir(), 'a.wav')
  writeFileSync(path, 'no sound')
  await t.rejects(clvp.score('hello', path), { code: 'CLVP_AUDIO', message: /a\.wav/ })
  await t.rejects(clvp.encode(tone(), { signal: AbortSignal.abort() }), { code: 'CLVP_ABORTED' })
  await clvp.dispose()
  await t.rejects(clvp.encode(tone()), { code: 'CLVP_DISPOSED' })
})

t.test('a recording of more codes than the speech encoder takes', async (t) => {
  const folder = writeCheckpoint(readRecipe('plain'), join(t.testdir(), 'model'))
  writeDvae(join(folder, 'dvae.pth'), makeDvae({ mels: 80, hidden: 2, blocks: 0, embd: 1, codes: 298 }, 1))
  await convertFolder(folder, `${folder}.gguf`, { type: 'f32' })
  const most = 4096 * 1024 - 1
  for (const file of [await tinyFile('plain', 'f32', 298), `${folder}.gguf`]) {
    const clvp = await Clvp.load(file, { threads: 1 })
    t.teardown(() => clvp.dispose())
    const silence = (count) => ({ samples: new Float32Array(count), sampleRate: 22050 })
    t.equal((await clvp.encode(silence(most))).length, 4096)
    await t.rejects(clvp.encode(silence(most + 2)), {
      code: 'CLVP_INVALID_ARGUMENT',
      message: /Expected a recording below 190 s for clip but received one of 190\.2 s or more: split it/,
    })
  }
})
