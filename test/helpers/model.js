/** A tiny random model of the upper layer for tests of behaviour, made once for each test file. */
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Clvp, convertFolder } from '../../dist/lib/index.js'
import { readRecipe, writeCheckpoint } from './checkpoint.js'

const cache = fileURLToPath(new URL('../../.cache/test', import.meta.url))

/** Path of a tiny model file, with a codebook of so many codes; kept between runs, since making it is always the same. */
export async function tinyFile(name = 'plain', type = 'f32', codebook = 0) {
  const base = join(cache, codebook ? `${name}-${codebook}-${type}` : `${name}-${type}`)
  const file = `${base}.gguf`
  if (existsSync(file)) return file
  await mkdir(cache, { recursive: true })
  const folder = `${base}-${process.pid}`
  writeCheckpoint({ ...readRecipe(name), codebook }, folder)
  await convertFolder(folder, `${folder}.gguf`, { type })
  await rename(`${folder}.gguf`, file)
  await rm(folder, { recursive: true })
  return file
}

/** A clip of a voice: a tone that glides, one second. */
export function tone(seconds = 1, sampleRate = 22050) {
  const samples = Float32Array.from({ length: seconds * sampleRate }, (_, i) => {
    const time = i / sampleRate
    return 0.4 * Math.sin(2 * Math.PI * (180 + 40 * time) * time)
  })
  return { samples, sampleRate }
}

/** A loaded tiny model and a voice, disposed of when the test ends. */
export async function loadTinyModel(t, { name, type, codebook, ...options } = {}) {
  const clvp = await Clvp.load(await tinyFile(name, type, codebook), { threads: 1, ...options })
  t.teardown(() => clvp.dispose())
  return { clvp, voice: await clvp.voice(tone()) }
}

/** What of a candidate must be equal when it is the same one. */
export function essence({ index, seed, codes, score, meanLogprob, finishReason }) {
  return { index, seed, codes: [...codes], score, meanLogprob, finishReason }
}
