/** How calls of one model share it: what a small call takes alone, behind a large one and among others, for one build or two. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { median } from './steps.mjs'

const trial = fileURLToPath(new URL('latency_trial.mjs', import.meta.url))

/** What the calls of a trial are. `codes` are the most of a candidate. Texts and seeds are the same in each trial, and so is the work. */
const full = { small: { codes: 60 }, large: { candidates: 64, codes: 120 }, beside: 20, requests: 64 }
const little = { small: { codes: 8 }, large: { candidates: 8, codes: 16 }, beside: 4, requests: 8 }

/** The commit of a checkout, where git knows it. */
function commitOf(folder) {
  const git = (...args) => execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8' }).trim()
  try {
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') ? ' with changes' : ''}`
  } catch {
    return 'commit unknown'
  }
}

/**
 * Trials of this checkout and, if it is given, of another one, which take turns.
 *
 * @param {{ root: string, other?: string, file?: string, threads: number, trials: number, quick: boolean }} options
 * @param ask runs a program that prints JSON
 * @param say tells how far the measurement has come
 */
export function measureLatency({ root, other, file, threads, trials, quick }, ask, say) {
  const calls = quick ? little : full
  const builds = [
    { name: other ? 'this build' : 'now', folder: root },
    ...(other ? [{ name: 'other build', folder: other }] : []),
  ].map((each) => ({ ...each, trials: [] }))
  for (let i = 0; i < trials; i++) {
    for (const { name, folder, trials: found } of builds) {
      say(`trial ${i + 1} of ${trials}: latency, ${name}`)
      found.push(ask(process.execPath, [trial, JSON.stringify({ package: folder, file, threads, ...calls })]))
    }
  }
  return {
    calls,
    trials,
    builds: builds.map(({ name, folder, trials: found }) => ({
      name: `${name} (${commitOf(folder)})`,
      ...mediansOf(found),
      trials: found,
    })),
  }
}

/** The median of each number, in objects of objects of numbers. */
function mediansOf(trials) {
  if (typeof trials[0] === 'number') return median(trials)
  const keys = Object.keys(trials[0])
  return Object.fromEntries(keys.map((key) => [key, mediansOf(trials.map((each) => each[key]))]))
}

const ms = (value) => `${value.toFixed(value < 100 ? 1 : 0)} ms`
const times = (value) => `${value.toFixed(value < 10 ? 2 : 1)} x`

/** Waiting against being alone. The step that is under way when a call comes cannot be left, so that it does not count. */
export const latencyRatio = ({ alone, behind }, key) => (behind[key] - behind.stepMs) / alone[key]
export const voiceRatio = ({ voiceAlone, voiceBehind }) => voiceBehind.endMs / voiceAlone.endMs

/** [heading, words, table] of both tables. */
export function latencySections({ calls, trials, builds }) {
  const { small, large, beside, requests } = calls
  const rows = builds.flatMap((build) => [
    latencyRow(build, 'small call, alone', build.alone, build.alone),
    latencyRow(build, `small call, 100 ms behind ${large.candidates} candidates`, build.behind, build.alone),
    latencyRow(build, `small call, among ${beside} others`, build.among, build.alone),
    latencyRow(build, 'voice(), alone', build.voiceAlone, build.voiceAlone),
    latencyRow(
      build,
      `voice(), 100 ms behind ${large.candidates} candidates`,
      build.voiceBehind,
      build.voiceAlone,
    ),
  ])
  const words =
    `A small call: 1 candidate of ${small.codes} codes, ranked. A large one: ${large.candidates} of at most ${large.codes}. ` +
    `Medians of ${trials} trials, builds taking turns.`
  return [
    ['Latency', words, [['what', 'build', 'first token', 'to alone', 'end', 'to alone'], ...rows]],
    [
      `${requests} small calls at once`,
      'And what the large call took that a small one was sent behind.',
      [
        ['build', 'all of them', 'codes a second', 'the large call', 'its codes'],
        ...builds.map(({ name, requests, behind }) => [
          name,
          ms(requests.ms),
          requests.codesPerSecond.toFixed(0),
          ms(behind.largeMs),
          String(behind.largeCodes),
        ]),
      ],
    ],
  ]
}

function latencyRow({ name }, what, found, alone) {
  const first =
    found.firstMs === undefined ? ['', ''] : [ms(found.firstMs), times(found.firstMs / alone.firstMs)]
  return [what, name, ...first, ms(found.endMs), times(found.endMs / alone.endMs)]
}
