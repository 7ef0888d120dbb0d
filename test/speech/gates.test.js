// Each quality gate, at its limit and beyond.
import t from 'tap'
import { defaultGates, gatesKind, judge } from '../../dist/lib/speech/gates.js'

const secondsPerCode = 0.05
const text = 'a sentence of forty characters, or more.'
const codes = (length) => Int32Array.from({ length }, (_, i) => (i * i) % 8191)

/** A candidate without a fault: 40 characters in 2.5 s. */
const sound = {
  drawnCodes: codes(50),
  finishReason: 'stop',
  seconds: 2.5,
  longestSilence: 0.4,
  score: 80,
}
const drawn = { normalized: text, secondsPerCode, silenceCode: 0 }
const judged = (change, context, gates) =>
  judge(
    { ...sound, ...change },
    { ...drawn, ...context },
    gates === undefined ? undefined : gatesKind.read(gates, 'gates'),
  )
const failed = (...args) => judged(...args).map(({ code }) => code)

t.test('a sound candidate', async (t) => t.strictSame(failed(), []))

t.test('no stop', async (t) => {
  const [failure] = judged({ finishReason: 'length' })
  t.match(failure, {
    code: 'no-stop',
    value: 2.5,
    message: /did not end within maxTokens, 2.5 s: raise maxTokens/,
  })
  t.strictSame(failed({ finishReason: 'length' }, {}, { stop: false }), [])
})

t.test('a repetition', async (t) => {
  const stuck = (times) => ({ drawnCodes: Int32Array.of(...codes(30), ...Array(times).fill(7)) })
  t.strictSame(failed(stuck(21)), [])
  const [failure] = judged(stuck(22))
  t.match(failure, {
    code: 'repeated',
    limit: 1,
    message: '1.05 s of the speech repeat the 0.05 s before them, code by code.',
  })
  t.strictSame(failed({ drawnCodes: new Int32Array(40) }), [], 'silence')
  t.strictSame(failed(stuck(22), {}, { repeat: 2 }), [])
  t.strictSame(failed(stuck(49), {}, { repeat: false }), [])
  t.strictSame(failed(stuck(4), {}, { repeat: 0.1 }), ['repeated'])
})

t.test('a long silence', async (t) => {
  t.strictSame(failed({ longestSilence: 1.5 }), [])
  t.match(judged({ longestSilence: 1.55 }), [
    { code: 'silence', value: 1.55, limit: 1.5, message: /pauses for 1.55 s/ },
  ])
  t.strictSame(failed({ longestSilence: 9 }, {}, { silence: false }), [])
  t.strictSame(failed({ longestSilence: 0.4 }, {}, { silence: 0.3 }), ['silence'])
})

t.test('too long and too short for the text', async (t) => {
  t.strictSame(failed({ seconds: 9 }), [], '40 / 5 + 1')
  t.match(judged({ seconds: 9.1 }), [
    { code: 'too-long', value: 9.1, limit: 9, message: /takes 9.1 s, .* at most 9 s/ },
  ])
  t.strictSame(failed({ seconds: 40 / 30 }), [])
  t.match(judged({ seconds: 1.3 }), [
    { code: 'too-short', value: 1.3, message: /takes 1.3 s, .* at least 1.33 s/ },
  ])
  t.strictSame(failed({ seconds: 0, drawnCodes: new Int32Array() }), ['too-short'], 'nothing was said')
  t.strictSame(failed({ seconds: 9.1 }, {}, { slowest: 4 }), [])
  t.strictSame(failed({ seconds: 1.3 }, {}, { fastest: 31 }), [])
  t.strictSame(failed({ seconds: 900 }, {}, { slowest: false }), [])
  t.strictSame(failed({ seconds: 0 }, {}, { fastest: false }), [])
  t.strictSame(failed({ seconds: 1.8 }, { normalized: 'yes.' }), [], 'a short text has silence around it')
  t.strictSame(failed({ seconds: 1 }, { normalized: '😀'.repeat(20) }), [], 'characters are code points')
})

t.test('a score far below the others', async (t) => {
  const others = [78, 79, 80, 81, 82] // median 80; the least deviation, 2 %, is 1.6
  for (const key of ['candidateScores', 'partScores']) {
    t.strictSame(failed({ score: 72.1 }, { [key]: others }), [])
    const [failure] = judged({ score: 71.9 }, { [key]: others })
    t.match(failure, { code: 'low-score', limit: 5, message: /71.9, is 5.06 standard deviations below/ })
    t.ok(failure.message.includes(key === 'partScores' ? 'other parts' : 'other candidates'))
    t.strictSame(failed({ score: 999 }, { [key]: others }), [], 'high')
    t.strictSame(failed({ score: 10 }, { [key]: others.slice(1) }), [], 'four others are too few')
    t.strictSame(failed({ score: 10 }, { [key]: [...others.slice(1), NaN] }), [], 'NaN does not count')
    t.strictSame(failed({ score: NaN }, { [key]: others }), [], 'nothing was scored')
    t.strictSame(failed({ score: 79.9 }, { [key]: Array(9).fill(80) }), [], 'the same scores')
    t.strictSame(failed({ score: 71.9 }, { [key]: Array(9).fill(80) }), ['low-score'])
    t.strictSame(failed({ score: 10 }, { [key]: others }, { score: false }), [])
    t.strictSame(failed({ score: 78 }, { [key]: others }, { score: 1 }), ['low-score'])
  }
})

t.test('several failures, the gravest first', async (t) => {
  const all = {
    finishReason: 'length',
    drawnCodes: Int32Array.from(Array(60).fill(7)),
    seconds: 30,
    longestSilence: 3,
    score: 1,
  }
  const context = { partScores: [78, 79, 80, 81, 82] }
  t.strictSame(failed(all, context), ['no-stop', 'repeated', 'too-long', 'silence', 'low-score'])
  t.strictSame(failed(all, context, false), [], 'all gates off')
})

t.test('limits', async (t) => {
  t.strictSame(gatesKind.read({}, 'gates'), defaultGates)
  t.strictSame(gatesKind.read({ silence: 3, stop: false }, 'gates'), {
    ...defaultGates,
    silence: 3,
    stop: false,
  })
  const refused = (value, message) =>
    t.throws(() => gatesKind.read(value, 'gates'), { code: 'CLVP_INVALID_ARGUMENT', message })
  refused(true, /an object for gates/)
  refused({ loud: 1 }, /known names in gates but received 'loud'/)
  refused({ stop: 1 }, /a boolean for stop/)
  for (const name of ['repeat', 'silence', 'fastest', 'slowest', 'score']) {
    for (const wrong of [true, '1', null])
      refused({ [name]: wrong }, new RegExp(`above 0 to \\d.* or false for ${name}`))
    for (const wrong of [0, -1, NaN, 1e9])
      refused({ [name]: wrong }, new RegExp(`a number above 0 to \\d+ for ${name}`))
  }
})
