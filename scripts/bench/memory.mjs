/**
 * How well `info.estimateMemory()` foretells the peak of a call, in a process of its own: prints both as JSON.
 *
 *   node memory.mjs '{ "file": ..., "candidates": 16, "tokens": 250, "scores": "all" }'
 *
 * The real peak is that of the process (VmHWM) less what it has before the model is loaded: Node, this package, GGML's kernels. The peak
 * and the garbage of their start are left out. Linux alone.
 */
import { Clvp, devices } from '../../dist/lib/index.js'
import { beginPeak, peak } from '../../test/helpers/peak.js'

const { file, candidates, tokens, ...more } = JSON.parse(process.argv[2])
const text = 'The quick brown fox jumps over the lazy dog.'

devices()
const baseline = beginPeak()
const clvp = await Clvp.load(file)
const voice = await clvp.voice(Clvp.demoVoice)
const textTokens = (await clvp.explain(text)).tokens.length
// Twice, as what one call leaves to the next counts too. A high temperature: few candidates stop before `tokens`, so that the call is as large as it can be.
const options = {
  voice,
  candidates,
  maxTokens: tokens,
  seed: 1,
  temperature: 1000,
  topK: 0,
  topP: 1,
  ...more,
}
await clvp.generate(text, options)
const result = await clvp.generate(text, options)
const { kvBytes } = result.timings
const longest = Math.max(...result.candidates.map(({ codes }) => codes.length))
const request = { candidates, tokens, textTokens, ...more }
const estimate = clvp.info.estimateMemory(request)
const found = peak() - baseline
await clvp.dispose()
console.log(
  JSON.stringify({
    ...request,
    baseline,
    found,
    estimate,
    ratio: estimate.total / found,
    longest,
    kvBytes,
    weights: clvp.info.bytes,
  }),
)
