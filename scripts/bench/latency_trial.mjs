/**
 * One trial of how the calls of one model share it, in a process of its own: prints what it took as JSON. It uses the public API
 * alone, so that any build can be measured: `package` is the folder of one. The other numbers are those of latency.mjs.
 *
 *   node latency_trial.mjs '{ "package": ..., "file": ..., "threads": 0, "small": { "codes": 60 },
 *        "large": { "candidates": 64, "codes": 120 }, "beside": 20, "requests": 64 }'
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { largeText, smallText } from './schedule.mjs'
import { median } from './steps.mjs'

const asked = JSON.parse(process.argv[2])
const { Clvp } = await import(pathToFileURL(join(asked.package, 'dist/lib/index.js')))

const clvp = await Clvp.load(asked.file ?? Clvp.demo, {
  device: 'cpu',
  ...(asked.threads > 0 && { threads: asked.threads }),
})
const voice = await clvp.voice(Clvp.demoVoice)
/** Calls so far: each has a text, a seed or a clip of its own, so that nothing is known from an earlier one. */
let calls = 0

const codesOf = ({ candidates }) => candidates.reduce((sum, { drawnCodes }) => sum + drawnCodes.length, 0)

/** Milliseconds to the first token and to the end of a call of one candidate, and how many codes it drew. */
async function small() {
  const n = ++calls
  const started = performance.now()
  let firstMs
  let codes
  const options = { voice, candidates: 1, maxTokens: asked.small.codes, seed: n }
  for await (const event of clvp.stream(smallText(n), options)) {
    if (event.type === 'token') firstMs ??= performance.now() - started
    if (event.type === 'done') codes = codesOf(event.result)
  }
  return { firstMs, endMs: performance.now() - started, codes }
}

/** A call of many candidates, and what another call takes that is sent 100 ms behind it. */
async function behindLarge(call) {
  const started = performance.now()
  const large = clvp
    .generate(largeText, {
      voice,
      candidates: asked.large.candidates,
      maxTokens: asked.large.codes,
      seed: ++calls,
    })
    .then((result) => {
      const { decodeMs, steps } = result.timings
      return { largeMs: performance.now() - started, largeCodes: codesOf(result), stepMs: decodeMs / steps }
    })
  await sleep(100)
  const found = await call()
  return { ...found, ...(await large) }
}

/** Milliseconds of voice() of a clip that was not seen before. */
async function newVoice() {
  const pitch = 120 + 3 * ++calls
  const samples = Float32Array.from(
    { length: 4 * 22050 },
    (_, i) => 0.3 * Math.sin((2 * Math.PI * pitch * i) / 22050),
  )
  const started = performance.now()
  await clvp.voice({ samples, sampleRate: 22050 })
  return { endMs: performance.now() - started }
}

/** Many small calls at once. */
async function atOnce() {
  const started = performance.now()
  const found = await Promise.all(Array.from({ length: asked.requests }, small))
  const ms = performance.now() - started
  return { ms, codesPerSecond: (1000 * found.reduce((sum, { codes }) => sum + codes, 0)) / ms }
}

/** A small call that is sent right behind others like it. */
async function among() {
  const others = Array.from({ length: asked.beside }, small)
  const found = await small()
  await Promise.all(others)
  return found
}

/** The median of three calls that have the model for themselves. */
async function alone(call) {
  const trials = [await call(), await call(), await call()]
  return Object.fromEntries(
    Object.keys(trials[0]).map((key) => [key, median(trials.map((each) => each[key]))]),
  )
}

await small() // now the model's pages are in memory, and the functions are compiled
await newVoice()
const found = {
  alone: await alone(small),
  behind: await behindLarge(small),
  among: await among(),
  voiceAlone: await alone(newVoice),
  voiceBehind: await behindLarge(newVoice),
  requests: await atOnce(),
}
await clvp.dispose()
console.log(JSON.stringify(found))
