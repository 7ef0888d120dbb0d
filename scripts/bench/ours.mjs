/**
 * One trial of ours, in a process of its own: prints what it took as JSON.
 *
 *   node ours.mjs '{ "file": ..., "candidates": 16, "longest": 250, "threads": 0 }'     a job with its phases
 *   node ours.mjs '{ "file": ..., "requests": 64, "longest": 32, "together": true }'    requests of one candidate
 *
 * `device` (default "cpu") is that of `Clvp.load`. `ids` are a text's, for a model without a tokenizer.
 */
import { readFileSync } from 'node:fs'
import { binding } from '../../dist/lib/addon/binding.js'
import { loadModel } from '../../dist/lib/addon/jobs.js'
import { Clvp } from '../../dist/lib/index.js'
import { noLimits } from '../../dist/lib/session/requests.js'
import { createSession } from '../../dist/lib/session/session.js'
import { readText, tokenizerOf } from '../../dist/lib/text/text.js'
import { lengths, requests, sampling, text } from './schedule.mjs'
import { summarise } from './steps.mjs'

const asked = { device: 'cpu', ...JSON.parse(process.argv[2]) }
const peak = () => process.resourceUsage().maxRSS * 1024

/** Draws and ranks; each phase timed. */
async function job({ file, device, candidates, longest, threads, repeat = 1, ids: given }) {
  binding.devices() // the addon and its kernels are there
  const baselineBytes = peak()
  const clock = new Clock()
  const model = await loadModel(file, { device })
  const session = createSession(model, { threads })
  const words = Array(repeat).fill(text).join(' ')
  const ids = given
    ? Int32Array.from(given)
    : readText(tokenizerOf(model.values(), session.info), words, session.info).ids
  const loadMs = clock.lap()

  const { sampleRate, clipSeconds } = session.info
  const samples = await binding.decodeAudio(readFileSync(Clvp.demoVoice), clipSeconds, sampleRate)
  clock.lap()
  const voice = await session.condition(await session.mel(samples))
  const voiceMs = clock.lap()
  const moments = []
  const ends = lengths(candidates, longest)
  const request = {
    prompt: { textIds: ids, voice },
    candidates,
    batchSize: candidates,
    maxTokens: longest,
    seed: 1,
    sampling,
    limits: { ...noLimits, suppress: Int32Array.of(session.info.eos) },
  }
  // A step waits for `stop`, which takes some 0.1 ms of it: one candidate, whose steps are short, has its end by maxTokens instead.
  const watch =
    candidates === 1
      ? { onStep: () => void moments.push(performance.now()) }
      : { stop: ({ candidates: rows }) => scheduled(rows, ends, moments) }
  const drawn = await session.generate({ ...request, ...watch })
  const drawMs = clock.lap()
  const tokens = drawn.candidates.map((each) => each.tokens)
  const stopped = tokens.map((row) => row.length < longest)
  await session.score(ids, session.fixCodes(tokens, stopped))
  const scoreMs = clock.lap()

  const { timings } = drawn
  return {
    loadMs,
    voiceMs,
    prefillMs: timings.prefillMs,
    prefillPositions: timings.prefillPositions,
    ...summarise(moments, timings.prefillPositions),
    decodeMs: timings.decodeMs,
    sampleMs: timings.sampleMs,
    scoreMs,
    jobMs: voiceMs + drawMs + scoreMs,
    codes: tokens.reduce((sum, row) => sum + row.length, 0),
    kvBytes: timings.kvBytes,
    weightBytes: session.info.bytes,
    threads: session.threads,
    baselineBytes,
    peakBytes: peak(),
  }
}

function scheduled(rows, ends, moments) {
  moments.push(performance.now())
  return Int32Array.from(rows, (row) => Number(moments.length >= ends[row]))
}

/** Many calls of one candidate on one model. */
async function serve({ file, device, requests: count, longest, threads, together }) {
  const clvp = await Clvp.load(file, { device, ...(threads > 0 && { threads }) })
  const voice = await clvp.voice(Clvp.demoVoice)
  const call = (each, seed) => clvp.generate(each, { voice, candidates: 1, maxTokens: longest, seed })
  const texts = requests(count)
  const clock = new Clock()
  if (together) await Promise.all(texts.map(call))
  else for (const [i, each] of texts.entries()) await call(each, i)
  const ms = clock.lap()
  await clvp.dispose()
  return { ms, peakBytes: peak() }
}

/** Milliseconds since the last look. */
class Clock {
  #last = performance.now()

  lap() {
    const now = performance.now()
    const took = now - this.#last
    this.#last = now
    return took
  }
}

console.log(JSON.stringify(await (asked.requests ? serve(asked) : job(asked))))
