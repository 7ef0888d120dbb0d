/**
 * Changes inputs at random, always the same for the same seed, and holds what a reader makes of them
 * against its promise.
 */
import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { ClvpError } from '../../../dist/lib/base/errors.js'

const cache = fileURLToPath(new URL('../../../.cache/fuzz', import.meta.url))

/**
 * No reader may need longer for one small input, in milliseconds of the processor: a busy machine is not
 * its fault.
 */
const MAX_MS = 2000
/** What takes so long does not come back: the process is ended, and leaves its input behind. */
const HANG_MS = 20_000
const MOST_CHANGES = 8

// --- chance ----------------------------------------------------------------------------------------------

/** Every bit of the result hangs on every bit of a 32-bit number. */
function mixed(number) {
  let bits = number | 0
  bits = Math.imul(bits ^ (bits >>> 16), 0x7feb352d)
  bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b)
  return (bits ^ (bits >>> 16)) >>> 0
}

/** Whole numbers at random, the same for the same seed. */
export class Dice {
  #key
  #count = 0

  constructor(seed) {
    this.#key = mixed(seed ^ mixed(Math.floor(seed / 2 ** 32) + 1))
  }

  /** From 0 to `bound` - 1. */
  below(bound) {
    return Math.floor((mixed(this.#key ^ mixed(++this.#count)) / 2 ** 32) * bound)
  }

  oneOf(list) {
    return list[this.below(list.length)]
  }
}

// --- changes of bytes ------------------------------------------------------------------------------------

/** Numbers that readers stumble over. */
const ODD_NUMBERS = [
  ...[
    0n,
    1n,
    2n,
    0x7fn,
    0x80n,
    0xffn,
    0x7fffn,
    0xffffn,
    2n ** 31n - 1n,
    2n ** 31n,
    2n ** 32n - 1n,
    2n ** 32n,
  ],
  ...[2n ** 50n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n],
]

function oddBytes(dice) {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(dice.oneOf(ODD_NUMBERS))
  return bytes.subarray(0, 2 ** dice.below(4))
}

/** Puts `piece` where `length` bytes were. */
function splice(bytes, at, length, piece) {
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + length)])
}

function pieceOf(bytes, dice) {
  const at = dice.below(bytes.length + 1)
  return bytes.subarray(at, at + dice.below(64))
}

/** One of the target's words, or bytes of any kind if it has none. */
function wordOf({ words = [] }, dice) {
  return words.length > 0 ? dice.oneOf(words) : oddBytes(dice)
}

const byteChanges = [
  (bytes, at) => bytes.subarray(0, at), // cut
  (bytes, at, dice) => splice(bytes, at, 1, Buffer.of((bytes[at] ?? 0) ^ (1 << dice.below(8)))),
  (bytes, at, dice) => splice(bytes, at, 1, Buffer.of(dice.below(256))),
  (bytes, at, dice) => {
    const odd = oddBytes(dice)
    return splice(bytes, at, odd.length, odd)
  },
  (bytes, at, dice) => splice(bytes, at, dice.below(32), Buffer.alloc(0)), // erase
  (bytes, at, dice) => splice(bytes, at, 0, pieceOf(bytes, dice)), // a piece twice
  (bytes, at, dice) => {
    const piece = pieceOf(bytes, dice)
    return splice(bytes, at, piece.length, piece) // a piece over another
  },
  (bytes, at, dice, { seeds }) => {
    const other = dice.oneOf(seeds)
    return Buffer.concat([bytes.subarray(0, at), other.subarray(dice.below(other.length + 1))])
  },
  (bytes, at, dice, target) => splice(bytes, at, 0, wordOf(target, dice)),
  (bytes, at, dice, target) => {
    const word = wordOf(target, dice)
    return splice(bytes, at, word.length, word)
  },
]

// --- changes of texts ------------------------------------------------------------------------------------

const TOKENS = /"(?:[^"\\\n]|\\.)*"|-?\d[\d.eE+-]*|[A-Za-z_]+|[^\s]/g

/** What stands for any value in JSON, and what only looks like it. */
const ODD_VALUES = [
  ...['0', '-0', '-1', '1', '0.5', '1e-400', '1e400', '-1e400', '2147483647', '2147483648', '4294967296'],
  ...['9007199254740991', '9007199254740993', '18446744073709551616', '1e30', '00', '1.', 'NaN', 'Infinity'],
  ...['null', 'true', 'false', '""', '"\\u0000"', '"\\ud800"', '"__proto__"', '"constructor"', '"toString"'],
  ...['[]', '{}', '[[]]', '[null]', '{"":null}', '{"__proto__":{"x":1}}', '{"toString":1,"valueOf":1}'],
  ...['{"content":1}', '{"content":"a"}', '[0,0]', '"(.*"', '"\\\\"', '" "', '"\\ufeff"', '"\ud7ff"'],
]
/** `depth` times `open`, and as often `close`. */
function nested(depth, open, close, within = '') {
  return open.repeat(depth) + within + close.repeat(depth)
}

const LONG_VALUES = [
  `"${'x'.repeat(5000)}"`,
  nested(500, '[', ']'),
  nested(500, '{"a":', '}', '1'),
  `[${'1,'.repeat(2000)}1]`,
  '9'.repeat(400),
]
/** What recurses runs out of stack, and what makes a pattern of it makes too long a one. */
const HUGE_VALUES = [`"${'x'.repeat(100_000)}"`, nested(20_000, '[', ']'), nested(10_000, '{"a":', '}', '1')]

function oddValue(dice) {
  const place = dice.below(256)
  if (place < 2) return dice.oneOf(HUGE_VALUES)
  return dice.oneOf(place < 16 ? LONG_VALUES : ODD_VALUES)
}

/** Changes tokens, so that much of what comes out is still JSON; what is no UTF-8 stays no UTF-8. */
function changeTokens(bytes, dice) {
  const text = bytes.toString('latin1')
  const tokens = [...text.matchAll(TOKENS)].filter(([token]) => /["\w]/.test(token))
  if (tokens.length === 0) return Buffer.from(oddValue(dice))
  const place = dice.oneOf(tokens)
  const other = dice.oneOf(tokens)
  const encoded = () => Buffer.from(oddValue(dice))
  const odd = dice.below(3) === 0 ? Buffer.from(other[0], 'latin1') : encoded()
  return splice(bytes, place.index, place[0].length, odd)
}

/** Changes one number to an odd one. */
function changeNumber(bytes, dice) {
  const numbers = [...bytes.toString('latin1').matchAll(/-?\d[\d.eE+-]*/g)]
  if (numbers.length === 0) return bytes
  const place = dice.oneOf(numbers)
  const odd = dice.oneOf(ODD_VALUES.filter((value) => /^-?\d/.test(value)))
  return splice(bytes, place.index, place[0].length, Buffer.from(odd))
}

function change(bytes, dice, target) {
  // Bytes alone seldom leave a text whole enough to be looked into.
  const kind = target.isText ? dice.below(8) : 0
  if (kind > 3) return changeTokens(bytes, dice)
  if (kind > 1) return changeNumber(bytes, dice)
  return dice.oneOf(byteChanges)(bytes, dice.below(bytes.length + 1), dice, target)
}

/** The input of a seed. */
export function inputOf(target, seed) {
  const dice = new Dice(seed)
  let bytes = dice.oneOf(target.seeds)
  // Most have few changes: each one more makes it likelier that the first check refuses the rest.
  const count = dice.below(2) === 0 ? 1 : 1 + dice.below(MOST_CHANGES)
  for (let i = 0; i < count; i++) bytes = change(bytes, dice, target)
  return bytes.subarray(0, target.maxBytes ?? 2 ** 20)
}

// --- running ---------------------------------------------------------------------------------------------

/**
 * What came of one input: 'read', or a ClvpError's code. All else is a finding, and is thrown.
 *
 * @param target its `run(bytes)` returns, or throws a ClvpError, within `maxMs`
 */
export async function outcomeOf(target, bytes) {
  const { maxMs = MAX_MS } = target
  const started = process.cpuUsage()
  const outcome = await Promise.resolve()
    .then(() => target.run(bytes))
    .then(
      () => 'read',
      (error) => {
        if (error instanceof ClvpError) return error.code
        throw error
      },
    )
  const { user, system } = process.cpuUsage(started)
  const took = (user + system) / 1000
  if (took > maxMs) throw new Error(`it took ${Math.round(took)} ms for ${bytes.length} bytes`)
  return outcome
}

/** Ends the process if the main thread has not come on for long: it cannot do so itself. */
class Watchdog {
  #ticks = new Int32Array(new SharedArrayBuffer(4))
  #worker

  constructor(what) {
    const code = `
      const { workerData: { ticks, ms, what } } = require('node:worker_threads')
      let before = -1
      setInterval(() => {
        const now = Atomics.load(ticks, 0)
        if (now === before) {
          require('node:fs').writeSync(2, 'no answer for ' + ms + ' ms: ' + what + '\\n')
          process.kill(process.pid, 'SIGKILL')
        }
        before = now
      }, ms)`
    const workerData = { ticks: this.#ticks, ms: HANG_MS, what }
    this.#worker = new Worker(code, { eval: true, workerData })
    this.#worker.unref()
  }

  tick() {
    Atomics.add(this.#ticks, 0, 1)
  }

  async stop() {
    await this.#worker.terminate()
  }
}

/** The input at hand, in a file that is left there if the process dies. */
class InputAtHand {
  #path
  #file

  constructor(folder) {
    this.#path = join(folder, `crash-input-${process.pid}`)
    this.#file = openSync(this.#path, 'w')
  }

  set(bytes) {
    writeSync(this.#file, bytes, 0, bytes.length, 0)
    ftruncateSync(this.#file, bytes.length)
  }

  drop() {
    closeSync(this.#file)
    rmSync(this.#path)
  }
}

/** What was thrown and from where: many inputs lead to one mistake. */
function kindOf(error) {
  return String(error?.stack ?? error)
    .split('\n')
    .filter((line) => !line.includes('<anonymous>'))
    .slice(0, 2)
    .join()
}

/**
 * Runs a target's seeds, and then `runs` inputs made of them, or as many as `seconds` allow. A finding is
 * written to .cache/fuzz/NAME/crash-SEED and thrown, at the end if there may be more of other kinds.
 *
 * @param findings after how many kinds of them it ends early
 * @returns how many inputs there were, how many of each outcome, and how long it took
 */
export async function fuzz(target, { runs = 10_000, seed = 1, seconds = Infinity, findings = 1 } = {}) {
  const folder = join(cache, target.name)
  mkdirSync(folder, { recursive: true })
  const watchdog = new Watchdog(`${target.name}, see ${folder}/crash-input-${process.pid}`)
  const atHand = new InputAtHand(folder)
  const outcomes = {}
  const found = new Map()
  const started = performance.now()
  let count = 0
  const keep = (error, bytes, name) => {
    const path = join(folder, `crash-${name}`)
    if (found.has(kindOf(error))) return
    writeFileSync(path, bytes)
    const told = new Error(`${target.name}, ${path}: ${error?.stack ?? error}`, { cause: error })
    found.set(kindOf(error), told)
  }
  const one = async (bytes, name) => {
    atHand.set(bytes)
    watchdog.tick()
    count++
    try {
      const outcome = await outcomeOf(target, bytes)
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    } catch (error) {
      keep(error, bytes, name)
    }
  }
  const elapsed = () => (performance.now() - started) / 1000
  const isOver = () => found.size >= findings || elapsed() >= seconds
  try {
    for (const [i, bytes] of target.seeds.entries()) await one(bytes, `of-seed-input-${i}`)
    for (let i = 0; i < runs && !isOver(); i++) await one(inputOf(target, seed + i), seed + i)
  } finally {
    atHand.drop()
    await watchdog.stop()
    target.close?.()
  }
  const all = [...found.values()]
  if (all.length > 0) throw all.length === 1 ? all[0] : new AggregateError(all, all.map(String).join('\n'))
  return { runs: count, outcomes, seconds: elapsed() }
}
