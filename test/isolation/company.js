/**
 * What the tests of this folder share: models, bounds for what may hang, and a draw that takes seconds, for other calls to be beside.
 *
 * No test asserts a time. The order of events says which call was served first. A promise that may never settle is given up after
 * some seconds, so that a fault fails its test and does not hang the run.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Clvp, ClvpModelForConditionalGeneration } from '../../dist/lib/index.js'
import { tinyFile, tone } from '../helpers/model.js'

/** Seconds that a promise gets to settle which takes milliseconds where all is well. */
const patience = 10

/** What a promise resolves with, or an error that says what has not settled. */
export async function within(promise, what, seconds = patience) {
  const timer = new AbortController()
  const late = sleep(seconds * 1000, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`${what} has not settled within ${seconds} s`)
  })
  late.catch(() => {})
  try {
    return await Promise.race([promise, late])
  } finally {
    timer.abort()
  }
}

/** How a call settles: `{ value }` or `{ error }`. This promise never rejects, so it may be awaited late. */
export function outcomeOf(promise) {
  return promise.then(
    (value) => ({ value }),
    (error) => ({ error }),
  )
}

/** A promise that is resolved from outside. */
export function gate() {
  let open
  const opened = new Promise((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/**
 * The model 'plain' with a voice. It never draws a stop, so each candidate has `maxTokens` codes, at most 119. The model is disposed of
 * when the test ends, which fails if a call keeps it from that.
 */
export async function openModel(t, { codebook = 0, ...options } = {}) {
  const clvp = await Clvp.load(await tinyFile('plain', 'f32', codebook), { threads: 1, ...options })
  t.teardown(() => within(clvp.dispose(), 'dispose()'))
  return { clvp, voice: await clvp.voice(tone(0.2)) }
}

/** The same for the classes of transformers. */
export async function openWhole(t, options = {}) {
  const model = await ClvpModelForConditionalGeneration.fromPretrained(await tinyFile('plain'), {
    threads: 1,
    ...options,
  })
  t.teardown(() => within(model.dispose(), 'dispose()'))
  return model
}

/** Steps that a candidate of a long draw takes. */
export const stepsOfCandidate = 118

/** A draw of many candidates on the model of openModel(). It counts its steps, and it is stopped when nobody needs it any more. */
export class LongDraw {
  steps = 0
  ended = false
  /** Steps that the whole draw takes alone. */
  most
  /** Resolves when the draw has made its first steps. */
  begun
  /** How the draw settles. */
  outcome
  #abort = new AbortController()

  constructor(clvp, voice, { candidates = 1024, batchSize = 16, ...options } = {}) {
    this.most = Math.ceil(candidates / batchSize) * stepsOfCandidate
    const begun = gate()
    this.begun = begun.opened
    const call = clvp.generate('A long draw.', {
      voice,
      candidates,
      batchSize,
      scores: 'none',
      seed: 1,
      signal: this.#abort.signal,
      onProgress: () => ++this.steps === 3 && begun.open(),
      ...options,
    })
    this.outcome = outcomeOf(call).then((outcome) => {
      this.ended = true
      return outcome
    })
  }

  /** Starts a long draw, and waits for its first steps. */
  static async begin(t, { clvp, voice }, options) {
    const draw = new LongDraw(clvp, voice, options)
    t.teardown(() => within(draw.stop(), 'the long draw that was aborted'))
    await within(draw.begun, 'the first steps of the long draw')
    return draw
  }

  async stop() {
    this.#abort.abort()
    return this.outcome
  }
}

/** Makes a call beside a draw. The draw must not have come far when the call settles; the call's value is returned. */
export async function settlesBeside(t, draw, what, call) {
  const before = draw.steps
  const { value, error } = await within(outcomeOf(call()), what, 60)
  const steps = draw.steps - before
  t.notOk(error, `${what} is served`)
  t.ok(!draw.ended && steps < draw.most / 4, `${what} settles early in the draw`, {
    stepsOfDraw: steps,
    most: draw.most,
  })
  return value
}
