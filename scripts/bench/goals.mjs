/** What was asked of speed and memory, and what a run shows of it. */
import { autoType } from '../../dist/quantize/type_choice.js'
import { latencyRatio, voiceRatio } from './latency.mjs'
import { speakWay } from './speak.mjs'
import { stageNames } from './stages.mjs'

/** What `type: 'auto'` gives on a CPU where memory is plenty. */
const auto = autoType('cpu', Number.POSITIVE_INFINITY)

/** [what, 'more' or 'less' is better, at least, aim, unit, how it follows from a result]; undefined where a part was not run. */
const goals = [
  [
    '1 candidate, ms a token, Q4_K mix against transformers F32',
    'more',
    5,
    8,
    'x',
    (r) => ratio(job(r, 'transformers f32', 1)?.stepMs, job(r, 'q4_k_m', 1)?.stepMs),
  ],
  [
    '1 candidate, Q8_0, share of the memory-bandwidth limit',
    'more',
    60,
    85,
    '%',
    (r) => percent(readMs(r, 'q8_0', 1), step(r, 'q8_0', 1)?.stepMs),
  ],
  [
    `16 candidates, ms a step at 100 cached positions, automatic choice (${auto}) against transformers F32`,
    'more',
    1.8,
    3,
    'x',
    (r) => ratio(job(r, 'transformers f32', 16)?.stepMs, job(r, auto, 16)?.stepMs),
  ],
  [
    "16 candidates, products of a step, Q8_0, against GGML's stock kernels in the same program",
    'more',
    1.3,
    1.7,
    'x',
    (r) => ratio(step(r, 'q8_0', 16)?.stockMs, step(r, 'q8_0', 16)?.productsMs),
  ],
  [
    '16 candidates, products of a step, Q8_0, share of the int8 peak (VNNI)',
    'more',
    58,
    70,
    '%',
    (r) => peakOf(r, 'q8_0', 16) && percent(peakOf(r, 'q8_0', 16), step(r, 'q8_0', 16)?.productsMs),
  ],
  [
    'decode step against its roofline, the larger of reading and int8 arithmetic, Q8_0, 16 candidates',
    'less',
    1.8,
    1.4,
    'x',
    (r) =>
      peakOf(r, 'q8_0', 16) &&
      ratio(step(r, 'q8_0', 16)?.stepMs, Math.max(readMs(r, 'q8_0', 16), peakOf(r, 'q8_0', 16))),
  ],
  [
    'decode step against the sum of its bare matrix products, Q8_0, 1 candidate',
    'less',
    1.25,
    1.1,
    'x',
    (r) => ratio(step(r, 'q8_0', 1)?.stepMs, step(r, 'q8_0', 1)?.productsMs),
  ],
  [
    'decode step against the sum of its bare matrix products, Q8_0, 16 candidates',
    'less',
    1.25,
    1.1,
    'x',
    (r) => ratio(step(r, 'q8_0', 16)?.stepMs, step(r, 'q8_0', 16)?.productsMs),
  ],
  [
    `whole job with ranking, 16 candidates, automatic choice (${auto}) against transformers F32`,
    'more',
    2.5,
    5,
    'x',
    (r) => ratio(job(r, 'transformers f32', 16)?.jobMs, job(r, auto, 16)?.jobMs),
  ],
  [
    'peak memory of that job, transformers F32 against Q8_0',
    'more',
    3,
    5,
    'x',
    (r) => ratio(job(r, 'transformers f32', 16)?.peakBytes, job(r, 'q8_0', 16)?.peakBytes),
  ],
  [
    'peak memory of that job, transformers F32 against Q4_K mix',
    'more',
    4,
    8,
    'x',
    (r) => ratio(job(r, 'transformers f32', 16)?.peakBytes, job(r, 'q4_k_m', 16)?.peakBytes),
  ],
  [
    'load to ready, Q8_0, file in the cache',
    'less',
    1.5,
    0.5,
    's',
    (r) => ratio(job(r, 'q8_0', 16)?.loadMs, 1000),
  ],
  [
    '64 requests of 1 candidate at once against in turn, throughput',
    'more',
    1.3,
    3,
    'x',
    (r) => ratio(r.requests?.inTurnMs, r.requests?.togetherMs),
  ],
  [
    'a small call behind one of 64 candidates, first token less one step, against alone',
    'less',
    3,
    2,
    'x',
    (r) => r.latency && latencyRatio(r.latency.builds[0], 'firstMs'),
  ],
  [
    'a small call behind one of 64 candidates, end less one step, against alone',
    'less',
    3,
    2,
    'x',
    (r) => r.latency && latencyRatio(r.latency.builds[0], 'endMs'),
  ],
  [
    'voice() behind a draw against alone',
    'less',
    3,
    2,
    'x',
    (r) => r.latency && voiceRatio(r.latency.builds[0]),
  ],
  [
    '64 small calls at once against the other build, throughput',
    'more',
    0.98,
    1,
    'x',
    (r) => r.latency && ratio(...r.latency.builds.map(({ requests }) => requests.codesPerSecond)),
  ],
  ...[
    ['hifigan', 2, 4],
    ['vocoder', 2, 5],
    ['diffusion', 1.7, 3],
  ].map(([name, least, aim]) => [
    `${stageNames[name]} against tortoise-tts' class in torch F32`,
    'more',
    least,
    aim,
    'x',
    (r) => ratio(stage(r, name)?.referenceMs, stage(r, name)?.oursMs),
  ]),
  [
    'speak, HiFi-GAN, 1 candidate, streamed: time over the length of the sound',
    'less',
    0.6,
    0.35,
    'x',
    (r) => ratio(speakWay(r, 'stream')?.speakMs, 1000 * speakWay(r, 'stream')?.seconds),
  ],
  ['its first sound', 'less', 0.6, 0.3, 's', (r) => ratio(speakWay(r, 'stream')?.firstSoundMs, 1000)],
  [
    'speak, 16 candidates, diffusion, against tortoise-tts with as many steps',
    'more',
    4,
    8,
    'x',
    (r) => ratio(speakWay(r, 'reference')?.speakMs, speakWay(r, 'diffusion')?.speakMs),
  ],
  [
    'the same with dpm++2m of fewer steps',
    'more',
    10,
    25,
    'x',
    (r) => ratio(speakWay(r, 'reference')?.speakMs, speakWay(r, 'solver')?.speakMs),
  ],
  [
    "peak memory of tortoise-tts against that job, with parts: 'auto'",
    'more',
    5,
    8,
    'x',
    (r) => ratio(speakWay(r, 'reference')?.peakBytes, speakWay(r, 'small')?.peakBytes),
  ],
  ...[1, 16].map((candidates) => [
    `${candidates} candidate${candidates > 1 ? 's' : ''} beside as many busy processes as cores, against a quiet machine`,
    'less',
    2.5,
    2,
    'x',
    (r) => ratio(defaultCall(r, candidates)?.busyMs, defaultCall(r, candidates)?.quietMs),
  ]),
]

const job = (result, variant, candidates) =>
  result.jobs?.find((each) => each.variant === variant && each.candidates === candidates)
const step = (result, type, rows) => result.native?.find((each) => each.type === type && each.rows === rows)
const stage = (result, name) => result.stages?.stages.find((each) => each.name === name)
/** Milliseconds of a step's products at the peak of int8 arithmetic; undefined without VNNI. */
const peakOf = (result, type, rows) => step(result, type, rows)?.peakMs || undefined
const defaultCall = (result, candidates) =>
  result.busy?.rows.find((each) => each.candidates === candidates && each.threads === 0)
const ratio = (a, b) => (a === undefined || b === undefined ? undefined : a / b)
const percent = (a, b) => (a === undefined || b === undefined ? undefined : (100 * a) / b)

/** Milliseconds that reading a step's matrices takes, measured in turn with the step. */
export const readMs = (result, type, rows) => step(result, type, rows)?.readMs

/** [{ what, found, least, aim, reached }], texts; without the goals whose parts were not run. */
export function judge(result) {
  return goals.flatMap(([what, better, least, aim, unit, find]) => {
    const found = find(result)
    if (found === undefined) return []
    const meets = (bar) => (better === 'more' ? found >= bar : found <= bar)
    const text = (value) => `${value.toFixed(unit === '%' ? 0 : 2)} ${unit}`
    const sign = better === 'more' ? '≥' : '≤'
    return {
      what,
      found: text(found),
      least: `${sign} ${text(least)}`,
      aim: `${sign} ${text(aim)}`,
      reached: meets(aim) ? 'aim' : meets(least) ? 'at least' : 'no',
    }
  })
}
