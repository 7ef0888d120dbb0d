/**
 * One call of speak() in a process of its own: prints what it took as JSON.
 *
 *   node speak_trial.mjs '{ "file": ..., "voice": FOLDER or undefined, "candidates": 16, "codes": 60, "threads": 0, "sound": { "speech": "hifigan" } }'
 *
 * `device` (default "cpu") is that of `Clvp.load`. With `streams` the call is speakStream(), and the time of its first sound is told.
 */
import { Clvp, devices } from '../../dist/lib/index.js'
import { text } from './schedule.mjs'

const {
  file,
  voice: clips = Clvp.demoVoice,
  candidates,
  codes,
  device = 'cpu',
  threads,
  sound,
  parts,
  streams = false,
} = JSON.parse(process.argv[2])
const peak = () => process.resourceUsage().maxRSS * 1024
let last = performance.now()
/** Milliseconds since the last look. */
function lap() {
  const before = last
  last = performance.now()
  return last - before
}

devices() // the addon and its kernels are there
const baselineBytes = peak()
lap()
const clvp = await Clvp.load(file, {
  device,
  ...(threads > 0 && { threads }),
  ...(parts && { parts }),
})
const loadMs = lap()
const voice = await clvp.voice(clips)
const voiceMs = lap()
// Random weights hardly ever stop: each candidate is `codes` long, and none of them passes the gates.
const options = { voice, candidates, maxTokens: codes, retries: 0, seed: 1, ...sound }
async function speak() {
  const speech = await clvp.speak(text, options)
  const { totalMs, ...timings } = speech.timings
  return { ...timings, speakMs: totalMs, seconds: speech.seconds, codes: speech.best.codes.length }
}
async function stream() {
  lap()
  const began = last
  let firstSoundMs
  let seconds = 0
  for await (const { samples } of clvp.speakStream(text, options)) {
    firstSoundMs ??= performance.now() - began
    seconds += samples.length / 24000
  }
  return { firstSoundMs, speakMs: performance.now() - began, seconds }
}
const found = await (streams ? stream() : speak())
console.log(
  JSON.stringify({
    loadMs,
    voiceMs,
    ...found,
    weightBytes: clvp.info.bytes,
    baselineBytes,
    peakBytes: peak(),
  }),
)
await clvp.dispose()
