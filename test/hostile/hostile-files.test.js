// Hostile model files, each wrong in one way, through the whole load: each gets its error, and none ends the process.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'
import { tinyFile } from '../helpers/model.js'
import { accepted, advisories, corpus } from './corpus.js'
import { readGguf, writeGguf } from './gguf.js'

const path = join(t.testdir(), 'model.gguf')
const sound = readFileSync(await tinyFile('small'))
const mebibyte = 2 ** 20

/** Loads bytes as a model file and embeds a text. */
async function embed(bytes) {
  writeFileSync(path, bytes)
  const clvp = await Clvp.load(path, { threads: 1 })
  try {
    return await clvp.embedText('Hello.')
  } finally {
    await clvp.dispose()
  }
}

/** What a load of bytes is refused with; undefined if it is not. */
async function refusal(bytes) {
  writeFileSync(path, bytes)
  try {
    const clvp = await Clvp.load(path, { threads: 1 })
    await clvp.dispose()
  } catch (error) {
    return error
  }
}

t.test('a file taken apart and put together again is the same', async (t) => {
  for (const name of ['small', 'plain']) {
    const bytes = readFileSync(await tinyFile(name))
    t.ok(writeGguf(readGguf(bytes)).equals(bytes), name)
  }
})

t.test('what looks odd, but is sound, loads', async (t) => {
  for (const { name, bytes } of accepted(sound)) {
    const embedding = await embed(bytes).catch((error) => error)
    t.ok(embedding instanceof Float32Array && embedding.every(Number.isFinite), name, { embedding })
  }
})

t.test('each hostile file is refused by name', async (t) => {
  const counts = {}
  for (const { group, name, bytes, code, message } of corpus(sound)) {
    counts[group] = (counts[group] ?? 0) + 1
    const error = await refusal(bytes)
    t.match(error, { name: 'ClvpError', code, message }, `${group}: ${name}`)
    // A terminal obeys control characters.
    if (/\p{Cc}/u.test(error?.message)) t.fail(`${group}: ${name}: ${JSON.stringify(error.message)}`)
  }
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
  t.comment(`${total} files: ${JSON.stringify(counts)}`)
  t.ok(total >= 120, 'as many as there should be')
})

t.test('each shape of a published advisory is refused soon and with little memory', async (t) => {
  for (const { id, what, make, message } of advisories) {
    const bytes = make(sound)
    const peak = process.resourceUsage().maxRSS
    const before = process.memoryUsage().rss
    const started = performance.now()
    const error = await refusal(bytes)
    const seconds = (performance.now() - started) / 1000
    // What was taken and given back counts too, where it made a new peak.
    const newPeak = process.resourceUsage().maxRSS
    const after = Math.max(process.memoryUsage().rss, newPeak > peak ? 1024 * newPeak : 0)
    t.match(error, { name: 'ClvpError', code: 'CLVP_MODEL_FORMAT', message }, `${id}: ${what}`)
    t.ok(seconds < 1, `${seconds} s`)
    t.ok(after - before <= 64 * mebibyte, `${(after - before) / mebibyte} MiB`)
    t.comment(error?.message.replace(path, 'model.gguf'))
  }
})

t.test('the sound file still loads in this process', async (t) => {
  t.ok((await embed(sound)).every(Number.isFinite))
})
