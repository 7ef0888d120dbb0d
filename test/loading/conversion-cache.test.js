// A converted folder is kept until a file that was read changes, also one that an option names, wherever it
// is. Other files in the folder do not count.
import { mkdirSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import t from 'tap'
import { resolveSource } from '../../dist/lib/loading/source.js'
import { readRecipe, writeCheckpoint } from '../helpers/checkpoint.js'
import { univnetConfig, univnetTensors, writeStages, writeTorch } from '../helpers/speech.js'
import { stageFolder } from '../helpers/stage_case.js'

const cache = join(t.testdir({}), 'cache')
process.env.CLVP_CACHE = cache

/** Converts a folder; gives the path of the result. */
const converted = (folder, files = {}) => {
  return resolveSource(folder, { type: 'f32', files, threads: 1 })
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
    t.not(await converted(folder), first, 'without')
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

t.test('files that no conversion reads', async (t) => {
  const folder = join(t.testdir({}), 'model')
  writeCheckpoint(readRecipe('plain'), folder)
  const first = await converted(folder)
  const others = ['result.json', 'voice.json', 'latents.safetensors', 'out.wav', 'README.md', 'model.gguf']
  for (const name of others) {
    writeFileSync(join(folder, name), name)
    t.equal(await converted(folder), first, name)
  }
  mkdirSync(join(folder, 'samples'))
  t.equal(await converted(folder), first, 'a folder')
  symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling.bin'))
  t.equal(await converted(folder), first, 'a link that leads to nothing')
})

t.test('files that a conversion reads', async (t) => {
  const folder = join(t.testdir({}), 'model')
  writeCheckpoint(readRecipe('plain'), folder)
  const seen = new Set([await converted(folder)])
  for (const name of readdirSync(folder)) {
    touch(join(folder, name), 1000)
    seen.add(await converted(folder))
  }
  writeFileSync(join(folder, 'words.txt'), 'hello\n')
  seen.add(await converted(folder))
  t.equal(seen.size, 2 + readdirSync(folder).length - 1, 'each of them counts')
  symlinkSync(join(folder, 'nowhere'), join(folder, 'tokenizer_config.json.2'))
  rmSync(join(folder, 'words.txt'))
  symlinkSync(join(folder, 'nowhere'), join(folder, 'words.txt'))
  await t.rejects(converted(folder), {
    code: 'CLVP_IO',
    message: /words\.txt is a link that leads to nothing/,
  })
})

t.test('a named file, by another way to it', async (t) => {
  const folder = stageFolder(t, {})
  const outer = join(folder, '..', 'outer')
  writeStages(outer, { hifigan: {} })
  const path = join(outer, 'hifidecoder.pth')
  t.equal(
    await converted(folder, { hifigan: path }),
    await converted(folder, { hifigan: relative(process.cwd(), path) }),
  )
})
