/** Quality gates: what is plainly wrong with a drawn candidate, from its codes, length and score. */
import { invalid } from '../base/errors.js'
import { type Kind, number, onByDefault } from '../base/kinds.js'
import { type OptionsOf, optionTable, readOptions, type ValuesOf } from '../base/options.js'
import type { Candidate } from '../clvp/result.js'
import { longestRepeat } from './repeats.js'

export const gateTable = optionTable({
  /** The model must end the speech before `maxTokens`; default true. */
  stop: { kind: onByDefault(), default: true, help: 'require that the speech ends before --max-tokens' },
  /**
   * Seconds that may repeat the codes before them exactly, silence not counted; above 0 to 60, or false;
   * default 1. The embedded model repeats at most 0.33 s in 416 candidates.
   */
  repeat: {
    kind: orFalse(number(0, 60, { above: true })),
    default: 1,
    help: 'seconds that may repeat those before them, or off',
  },
  /**
   * Longest silence in seconds, above 0 to 60, or false; default 1.5: as long as readers pause
   * between paragraphs.
   */
  silence: {
    kind: orFalse(number(0, 60, { above: true })),
    default: 1.5,
    help: 'longest silence in seconds, or off',
  },
  /**
   * Most characters of the spoken text for a second, above 0 to 1,000, or false; default 30: twice the
   * speed of a reader of books (15.2 in the 24 hours of LJ Speech). A faster candidate has left words out.
   */
  fastest: {
    kind: orFalse(number(0, 1000, { above: true })),
    default: 30,
    help: 'most characters a second, or off',
  },
  /**
   * Fewest characters of the spoken text for a second, above 0 to 1,000, or false; default 5: a third of a
   * reader's speed. One second more is allowed, for the silence around a short text. A slower candidate
   * drawls or has words of its own.
   */
  slowest: {
    kind: orFalse(number(0, 1000, { above: true })),
    default: 5,
    help: 'fewest characters a second, or off',
  },
  /**
   * How far the score may be below the median of the others, in their standard deviations; above 0 to 100,
   * or false; default 5. The deviation is estimated from the median absolute one. At least five others are
   * needed, or nothing is judged.
   */
  score: {
    kind: orFalse(number(0, 100, { above: true })),
    default: 5,
    help: 'how many standard deviations the score may be below the others, or off',
  },
})

/** Limits of the quality gates; `false` turns one off. */
export interface GateOptions extends OptionsOf<typeof gateTable> {}

export type Gates = ValuesOf<typeof gateTable>

/** What is wrong with a candidate. */
export type FailureCode = 'no-stop' | 'repeated' | 'silence' | 'too-short' | 'too-long' | 'low-score'

/** A gate that a candidate fails. */
export interface Failure {
  code: FailureCode
  /** One sentence: what was found, and what to do where drawing again does not help. */
  message: string
  /** What was measured: seconds; of `low-score`, standard deviations. */
  value: number
  /** The gate's limit, in the same unit. */
  limit: number
}

/** What a candidate is judged against. */
export interface Drawn {
  /** The text as it was spoken: `normalized` of the result. */
  normalized: string
  /** `info.secondsPerCode` of the model. */
  secondsPerCode: number
  /** The code of silence, which is no repetition; undefined for a model without one. */
  silenceCode: number | undefined
  /** Scores of the other candidates of the same text. */
  candidateScores?: readonly number[] | undefined
  /** Scores of the best candidates of the other parts. */
  partScores?: readonly number[] | undefined
}

/** All gates with their default limits. */
export const defaultGates: Gates = readOptions(gateTable, undefined, 'gates')

const noGates: Gates = {
  stop: false,
  repeat: false,
  silence: false,
  fastest: false,
  slowest: false,
  score: false,
}

/** Limits of the gates; `false` turns all of them off. */
export const gatesKind: Kind<GateOptions | false, Gates> = {
  read: (value, name) => (value === false ? noGates : readOptions(gateTable, value, name)),
  text: { as: 'table', table: gateTable, prefix: 'gate', words: { off: false } },
}

/** Judges a candidate as {@link Candidate} has it: returns the gates that it fails, the gravest first. */
export function judge(candidate: Candidate, drawn: Drawn, gates: Gates = defaultGates): Failure[] {
  return checks.map((check) => check(candidate, drawn, gates)).filter((failure) => failure !== undefined)
}

type Check = (candidate: Candidate, drawn: Drawn, gates: Gates) => Failure | undefined

const two = (value: number) => Number(value.toFixed(2))

/** The gravest first. */
const checks: readonly Check[] = [
  ({ finishReason, seconds }, _, { stop }) => {
    if (!stop || finishReason === 'stop') return undefined
    const message = `The speech did not end within maxTokens, ${two(seconds)} s: raise maxTokens or speak shorter parts.`
    return { code: 'no-stop', message, value: seconds, limit: seconds }
  },
  ({ drawnCodes }, { secondsPerCode, silenceCode }, { repeat }) => {
    if (repeat === false) return undefined
    const { length, period } = longestRepeat(drawnCodes, silenceCode)
    const value = length * secondsPerCode
    if (value <= repeat) return undefined
    const message = `${two(value)} s of the speech repeat the ${two(period * secondsPerCode)} s before them, code by code.`
    return { code: 'repeated', message, value, limit: repeat }
  },
  ({ seconds }, { normalized }, { slowest }) => {
    if (slowest === false) return undefined
    const limit = lengthOf(normalized) / slowest + SPARE_SECONDS
    if (seconds <= limit) return undefined
    const message = `The speech takes ${two(seconds)} s, but its text should take at most ${two(limit)} s.`
    return { code: 'too-long', message, value: seconds, limit }
  },
  ({ seconds }, { normalized }, { fastest }) => {
    if (fastest === false) return undefined
    const limit = lengthOf(normalized) / fastest
    if (seconds >= limit) return undefined
    const message = `The speech takes ${two(seconds)} s, but its text should take at least ${two(limit)} s.`
    return { code: 'too-short', message, value: seconds, limit }
  },
  ({ longestSilence }, _, { silence }) => {
    if (silence === false || longestSilence <= silence) return undefined
    const message = `The speech pauses for ${two(longestSilence)} s.`
    return { code: 'silence', message, value: longestSilence, limit: silence }
  },
  ({ score }, { candidateScores, partScores }, { score: limit }) => {
    if (limit === false) return undefined
    const below = [candidateScores, partScores].map((others) => deviationsBelow(score, others ?? []))
    const value = Math.max(...below)
    if (!(value > limit)) return undefined
    const others = value === below[0] ? 'candidates' : 'parts'
    const message = `The score, ${two(score)}, is ${two(value)} standard deviations below that of the other ${others}.`
    return { code: 'low-score', message, value, limit }
  },
]

/** Silence at both ends, which a text of any length may have. */
const SPARE_SECONDS = 1

const lengthOf = (text: string) => Array.from(text).length

/** From a normal distribution's median absolute deviation to its standard deviation. */
const DEVIATION = 1.4826
const LEAST_OTHERS = 5
/** Scores that agree this well, relative to their median, do not make a small difference a large one. */
const LEAST_SPREAD = 0.02

/** How many standard deviations a score is below the median of others; 0 where that cannot be told. */
function deviationsBelow(score: number, others: readonly number[]): number {
  const known = others.filter((each) => !Number.isNaN(each))
  if (Number.isNaN(score) || known.length < LEAST_OTHERS) return 0
  const middle = median(known)
  const deviation = DEVIATION * median(known.map((each) => Math.abs(each - middle)))
  return (middle - score) / Math.max(deviation, LEAST_SPREAD * Math.abs(middle), Number.MIN_VALUE)
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}

/** The limit of a gate, or false for no gate. */
function orFalse(kind: Kind<number>): Kind<number | false> {
  return {
    read: (value, name) => {
      if (value === false) return false
      if (typeof value !== 'number') throw invalid(`a number ${kind.range} or false`, name, value)
      return kind.read(value, name)
    },
    ...(kind.range !== undefined && { range: kind.range }),
    text: { as: 'number', value: 'X', words: { off: false } },
  }
}
