// A converted folder is kept until a file that was read changes, also one that an option names, wherever it
// is.
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { convertOnce } from '../../dist/lib/loading/conversion_cache.js'
import { univnetConfig, univnetTensors, writeStages, writeTorch } from '../helpers/speech.js'
import { stageFolder } from '../helpers/stage_case.js'

const cache = join(t.testdir({}), 'cache')
process.env.CLVP_CACHE = cache

/** Converts a folder; gives the path of the result. */
const converted = (folder, files) => {
  return convertOnce(folder, 'model', 'the same', { type: 'f32', files, threads: 1 })
}

/** Another time of change: writing twice within a tick of the clock would not give one. */
function touch(path, seconds) {
  utimesSync(path, seconds, seconds)
}

t.test('a named file', async (t) => {
  const folder = stageFolder(t, {})
  for (const [place, name] of [
    [join(folder, 'inner'), 'inner/hifidecoder.pth'],
    [join(folder, '..', 'outer'), join(folder, '..', 'outer', 'hifidecoder.pth')],
  ]) {
    writeStages(place, { hifigan: {} })
    const path = join(place, 'hifidecoder.pth')
    touch(path, 1000)
    const first = await converted(folder, { hifigan: name })
    t.equal(await converted(folder, { hifigan: name }), first, 'kept')
    touch(path, 2000)
    t.not(await converted(folder, { hifigan: name }), first, `${name}: another time`)
    t.not(await converted(folder, {}), first, 'without')
  }
})

t.test('a file of a named folder', async (t) => {
  const folder = stageFolder(t, {})
  const univnet = join(folder, 'univnet')
  mkdirSync(univnet)
  const [weights, config] = [join(univnet, 'pytorch_model.bin'), join(univnet, 'config.json')]
  writeTorch(weights, univnetTensors({ layout: 'transformers', norm: 'none' }))
  writeFileSync(config, JSON.stringify(univnetConfig()))
  for (const file of [weights, config]) touch(file, 1000)
  const paths = [await converted(folder, { vocoder: 'univnet' })]
  t.equal(await converted(folder, { vocoder: 'univnet' }), paths[0], 'kept')
  for (const file of [weights, config]) {
    touch(file, 2000)
    paths.push(await converted(folder, { vocoder: 'univnet' }))
  }
  t.equal(new Set(paths).size, 3)
  t.ok(readdirSync(cache).length >= 3)
})
