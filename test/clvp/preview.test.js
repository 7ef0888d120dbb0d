// A preview sounds like its codes: a clip that is cut into codes comes back with its own mel. It can be stopped, and waits in line.
import { join } from 'node:path'
import t from 'tap'
import { Clvp, ClvpFeatureExtractor, convertFolder } from '../../dist/lib/index.js'
import { loadTinyModel } from '../helpers/model.js'
import { freshCheckpoint, writeCodebook } from '../helpers/safetensors.js'

const rate = 22050
const codes = Int32Array.from({ length: 64 }, (_, i) => i)
const extractor = new ClvpFeatureExtractor({ melNorms: null })
const aborted = { code: 'CLVP_ABORTED', name: 'AbortError' }
const wrong = { code: 'CLVP_INVALID_ARGUMENT' }

/** A gliding voice of `count` codes' length. */
function glide(count) {
  return Float32Array.from({ length: 1024 * count }, (_, i) => {
    const time = i / rate
    let sum = 0
    for (let k = 1; k <= 12; k++) sum += Math.sin(2 * Math.PI * k * (120 + 40 * time) * time) / k
    return 0.2 * sum * (0.6 + 0.4 * Math.sin(6 * Math.PI * time))
  })
}

/** The first frames of a sound's log-mel, [80, frames]. */
async function melOf(samples, frames) {
  const { inputFeatures } = await extractor(samples, { samplingRate: rate })
  const [, channels, all] = inputFeatures.dims
  return Float32Array.from({ length: channels * frames }, (_, i) => {
    return inputFeatures.data[Math.floor(i / frames) * all + (i % frames)]
  })
}

/** Mean distance of what is above -7, which is 60 dB below a full-scale tone. */
function distance(a, b) {
  const loud = [...a.keys()].filter((i) => a[i] > -7)
  return loud.reduce((sum, i) => sum + Math.abs(a[i] - b[i]), 0) / loud.length
}

/** A model whose codes are the pieces of a clip, in order. */
async function loadClip(t, mel) {
  const folder = freshCheckpoint(t)
  const frames = 4 * codes.length
  const values = Float32Array.from(
    { length: mel.length },
    (_, i) => mel[(i % 80) * frames + Math.floor(i / 80)],
  )
  writeCodebook(folder, values, [codes.length, 4, 80])
  await convertFolder(folder, join(folder, 'model.gguf'), { type: 'q8_0' })
  const clvp = await Clvp.load(join(folder, 'model.gguf'), { threads: 1 })
  t.teardown(() => clvp.dispose())
  return clvp
}

t.test('the mel of a preview is the mel of its codes', async (t) => {
  const mel = await melOf(glide(codes.length), 4 * codes.length)
  const clvp = await loadClip(t, mel)
  t.ok(distance((await clvp.codesToMel(codes)).data, mel) < 0.005)
  const { samples, sampleRate } = await clvp.preview(codes)
  t.equal(sampleRate, rate)
  t.equal(samples.length, 1024 * codes.length)
  const found = distance(mel, await melOf(samples, 4 * codes.length))
  const once = await clvp.preview(codes, { iterations: 1 })
  const rough = distance(mel, await melOf(once.samples, 4 * codes.length))
  t.comment(`mean distance of ln mel power ${found.toFixed(3)}, after one iteration ${rough.toFixed(3)}`)
  t.ok(found < 0.25)
  t.ok(rough > 1.5 * found)
  t.same((await clvp.preview(codes)).samples, samples, 'the same again')
  t.ok(await clvp.voice({ samples, sampleRate }), 'it can be a clip')
})

t.test('bad codes and options', async (t) => {
  const { clvp } = await loadTinyModel(t, { codebook: 200 })
  for (const bad of [['1'], [1.5], undefined, new Int32Array(), Int32Array.of(200), new Int32Array(4097)])
    await t.rejects(clvp.preview(bad), wrong)
  for (const iterations of [0, 1001, 1.5, '60', null, Number.NaN])
    await t.rejects(clvp.preview(codes, { iterations }), { ...wrong, message: /iterations/ })
  await t.rejects(clvp.preview(codes, { steps: 60 }), { ...wrong, message: /steps/ })
  await t.rejects(clvp.preview(codes, { signal: true }), wrong)
})

t.test('an abort, before and while it runs, and a free event loop', async (t) => {
  const { clvp } = await loadTinyModel(t, { codebook: 200 })
  await t.rejects(clvp.preview(codes, { signal: AbortSignal.abort() }), aborted)
  const abort = new AbortController()
  const started = performance.now()
  const running = clvp.preview(new Int32Array(1000), { iterations: 1000, signal: abort.signal })
  setTimeout(() => abort.abort(), 50) // fires, as the work is on a thread of its own
  await t.rejects(running, aborted)
  t.ok(performance.now() - started < 5000)
  t.equal((await clvp.preview(codes.subarray(0, 2), { iterations: 1 })).samples.length, 2048)
})
