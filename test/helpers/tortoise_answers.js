/** Our answers to a case of tortoise_case.js, and how they are held against those of tortoise's own classes. */
import { loadModel } from '../../dist/lib/addon/jobs.js'
import { Clvp } from '../../dist/lib/index.js'
import { noLimits } from '../../dist/lib/session/requests.js'
import { createSession } from '../../dist/lib/session/session.js'
import { decodeFloats, differences, makeClip } from './golden.js'

const greedy = { temperature: 0, topK: 0, topP: 1, minP: 0, typicalP: 1 }
/** tortoise draws any id. */
const limits = { ...noLimits, rankable: false }
/** tortoise's penalty counts the ids that stand for the prefix in its input: all are 1. */
const history = Int32Array.of(1)

/** The voices of a model file: each clip is one window. */
async function voicesOf(file, { clips, voices }, options) {
  const clvp = await Clvp.load(file, options)
  const sounds = clips.map(({ seed, count }) => ({
    samples: makeClip({ seed, samples: count }),
    sampleRate: clvp.info.sampleRate,
  }))
  const made = []
  for (const chosen of voices) {
    const { embedding } = await clvp.voice(
      chosen.map((clip) => sounds[clip]),
      { windows: 'first' },
    )
    made.push(embedding)
  }
  await clvp.dispose()
  return made
}

async function drawAll(session, { texts, draws, maxTokens }, voices, positions) {
  const drawn = []
  for (const { text, voice, penalty } of draws) {
    const prompt = { textIds: Int32Array.from(texts[text]), voice: voices[voice] }
    const sampling = { ...greedy, repetitionPenalty: penalty }
    const { candidates } = await session.generate({
      ...{ prompt, candidates: 1, maxTokens, sampling, seed: 0, positions, history, limits },
    })
    drawn.push([...candidates[0].tokens])
  }
  return drawn
}

/** What a model file answers, in the form of the reference's answers. */
export async function answerCase(file, asked, { threads = 2 } = {}) {
  const voices = await voicesOf(file, asked, { device: 'cpu', threads })
  const session = createSession(await loadModel(file, { device: 'cpu' }), { threads })
  const found = { voices, draws: {}, latents: [], fixed: [], scores: [] }
  for (const positions of ['trained', 'cached']) {
    found.draws[positions] = await drawAll(session, asked, voices, positions)
  }
  for (const { text, voice, codes } of asked.latents) {
    const prompt = { textIds: Int32Array.from(asked.texts[text]), voice: voices[voice] }
    found.latents.push(await session.latents(prompt, Int32Array.from(codes), 'trained'))
  }
  for (const { text, rows } of asked.scores) {
    const stopped = rows.map((row) => row.length < asked.padTo)
    const fixed = session.fixCodes(
      rows.map((row) => Int32Array.from(row)),
      stopped,
      asked.padTo,
    )
    found.fixed.push(fixed.map((row) => [...row]))
    found.scores.push(await session.score(Int32Array.from(asked.texts[text]), fixed))
  }
  await session.dispose()
  return found
}

function compareIds(quantity, actual, expected) {
  const all = expected.flat()
  const at = expected.findIndex((row, i) => actual[i].join() !== row.join())
  const compared = `${all.length} ids, ${new Set(all).size} different`
  return { quantity, compared, result: at < 0 ? 'equal' : `row ${at} differs`, passed: at < 0 }
}

/** The largest of the arrays' relative differences. */
function compareFloats(quantity, actual, expected, limit) {
  const wanted = expected.map(({ floats }) => decodeFloats(floats))
  const errors = wanted.map((floats, i) =>
    actual[i].length === floats.length ? differences(actual[i], floats).max : Number.NaN,
  )
  // Math.max keeps a NaN, which passes no comparison.
  const error = Math.max(...errors)
  const compared = `${wanted.reduce((sum, floats) => sum + floats.length, 0)} floats`
  return { quantity, compared, result: error.toExponential(1), passed: error <= limit }
}

/**
 * Rows { quantity, compared, result, passed }.
 *
 * @param actual of answerCase()
 * @param expected the reference's; its codes end with the stop, unless as many were drawn as asked for
 * @param limit of max|a-b| / max|b|
 */
export function compareAnswers(asked, actual, expected, limit = 1e-4) {
  const stop = asked.unifiedVoice.stop_mel_token
  const untilStop = (row) => (row.includes(stop) ? row.slice(0, row.indexOf(stop)) : row)
  const draws = ['trained', 'cached'].flatMap((positions) =>
    [1, 2].map((penalty) => {
      const chosen = asked.draws.map((_, i) => i).filter((i) => asked.draws[i].penalty === penalty)
      const wanted = chosen.map((i) => untilStop(expected.draws[positions][i]))
      const name = `codes, ${positions}, ${penalty === 1 ? 'greedy' : `penalty ${penalty}`}`
      return compareIds(
        name,
        chosen.map((i) => actual.draws[positions][i]),
        wanted,
      )
    }),
  )
  return [
    ...asked.voices.map((clips, i) => {
      const name = `voice of ${clips.length} clip${clips.length > 1 ? 's' : ''}`
      return compareFloats(name, [actual.voices[i]], [expected.voices[i]], limit)
    }),
    ...draws,
    compareFloats('latents', actual.latents, expected.latents, limit),
    compareIds(`rows of ${asked.padTo}`, actual.fixed.flat(), expected.fixed.flat()),
    compareFloats('scores', actual.scores, expected.scores, limit),
  ]
}
