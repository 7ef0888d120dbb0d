/** What the command line shows of the candidates of a call: a table, and pictures of the best. */
import type { Clvp } from '../clvp/clvp.js'
import type { Candidate } from '../clvp/result.js'
import { heardCandidate, writePlot } from './sound.js'
import { table } from './table.js'

/** Number of the best candidates that --plot draws. */
const plotted = 4

/** The candidates with their scores, best first. */
export function candidateTable(candidates: readonly Candidate[]): string {
  const score = (value: number) => (Number.isNaN(value) ? '-' : value.toFixed(4))
  const rows = candidates.map((candidate, i) => [
    String(i + 1),
    String(candidate.index),
    score(candidate.score),
    score(candidate.soloScore),
    candidate.meanLogprob.toFixed(3),
    `${candidate.seconds.toFixed(2)} s`,
    `${candidate.longestSilence.toFixed(2)} s`,
    candidate.finishReason,
  ])
  return table([['rank', 'candidate', 'score', 'alone', 'logprob', 'length', 'silence', 'ended by'], ...rows])
}

/** Writes the mel spectrograms of the best candidates as SVG. */
export async function plotBest(clvp: Clvp, candidates: readonly Candidate[], file: string): Promise<void> {
  const best = candidates.slice(0, plotted).map((each, i) => heardCandidate(each, i + 1))
  await writePlot(clvp, best, file)
}
