/** The calls of a random schedule: `n` decides their settings, so that a call can be made again alone. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Tensor } from '../../dist/lib/index.js'
import { essence, tone } from '../helpers/model.js'

const codes = (n, length) => Int32Array.from({ length }, (_, i) => (n + 11 * i) % 400)
const text = (n) => `Text number ${n % 5}.`
const settings = (voice, n) => ({
  voice,
  candidates: 1 + (n % 5),
  maxTokens: 4 + ((n * 7) % 50),
  seed: n,
  deterministic: true,
})
const essences = ({ candidates }) => candidates.map(essence)

async function draw(clvp, voice, n, options) {
  return essences(await clvp.generate(text(n), { ...settings(voice, n), ...options }))
}

/** What a stream tells: the codes of each candidate, and the result. */
async function stream(clvp, voice, n, options) {
  const drawn = {}
  for await (const event of clvp.stream(text(n), { ...settings(voice, n), ...options })) {
    if (event.type === 'token') {
      drawn[event.candidate] ??= []
      drawn[event.candidate].push(event.code)
    }
    if (event.type === 'done') return { drawn, result: essences(event.result) }
  }
}

async function search(clvp, voice, n, options) {
  const drawn = n % 2 ? { temperature: 1, seed: n } : {}
  const beams = { voice, beams: 2 + (n % 3), maxTokens: 4 + (n % 20), ...drawn, ...options }
  return (await clvp.generate(text(n), beams)).candidates.map(({ codes, score }) => ({ codes, score }))
}

/** Forbids some codes, now at once and now later. */
async function processed(clvp, voice, n, options) {
  const logitsProcessor = async (_, scores) => {
    if (n % 3) await sleep(n % 3)
    for (let i = n % 7; i < scores.data.length; i += 7) scores.data[i] = Number.NEGATIVE_INFINITY
    return scores
  }
  return draw(clvp, voice, n, { logitsProcessor, maxTokens: 4 + (n % 9), ...options })
}

/** Asks its own model at each step, and gives the answers too. */
async function asking(clvp, voice, n, options) {
  const answers = []
  const { call } = [kinds.draw, kinds.rank, kinds.voice, kinds.embedText, kinds.search][n % 5]
  const logitsProcessor = async (_, scores) => {
    answers.push(await call(clvp, voice, n + answers.length))
    return scores
  }
  return [await draw(clvp, voice, n, { logitsProcessor, maxTokens: 4, ...options }), answers]
}

/** `call(clvp, voice, n, options)` makes a call; one that `draws` takes a processor, and one that `tells` a listener. */
export const kinds = {
  draw: { draws: true, call: draw },
  stream: { draws: true, call: stream },
  search: { draws: true, call: search },
  processed: { draws: true, call: processed },
  asking: { draws: true, call: asking },
  rank: {
    call: (clvp, _, n, options) =>
      clvp.rank(
        text(n),
        Array.from({ length: 1 + (n % 6) }, (_, i) => codes(n + i, 5 + ((n * 13 + i) % 90))),
        options,
      ),
  },
  voice: {
    call: async (clvp, _, n, options) => (await clvp.voice(tone(0.15 + n / 100), options)).embedding,
  },
  embedText: { call: (clvp, _, n, options) => clvp.embedText(`A text, number ${n}.`, options) },
  embedSpeech: { call: (clvp, _, n, options) => clvp.embedSpeech(codes(n, 5 + n * 4), options) },
}

const mine = new RangeError('mine')
const isInvalid = ({ code, message }) => code === 'CLVP_INVALID_ARGUMENT' && /processor/i.test(message)

/** Processors that are no good, and the errors that their calls must reject with. One that hangs needs an abort. */
export const badProcessors = {
  throws: {
    processor() {
      throw mine
    },
    isExpected: (error) => error === mine,
  },
  rejects: {
    async processor() {
      await sleep(1)
      throw mine
    },
    isExpected: (error) => error === mine,
  },
  rubbish: { processor: () => new Tensor(new Float32Array(3), [3]), isExpected: isInvalid },
  NaN: { processor: (_, scores) => fill(scores, Number.NaN), isExpected: isInvalid },
  nothing: { processor: (_, scores) => fill(scores, Number.NEGATIVE_INFINITY), isExpected: isInvalid },
  hangs: {
    processor: () => new Promise(() => {}),
    isExpected: ({ code }) => code === 'CLVP_ABORTED',
    needsAbort: true,
  },
}

/** A listener to a call's progress that throws, and the error that the call must reject with. */
export const failsInProgress = {
  hook() {
    throw mine
  },
  isExpected: (error) => error === mine,
}

function fill(scores, value) {
  scores.data.fill(value)
  return scores
}
