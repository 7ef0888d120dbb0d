/** Candidates as clients get them, whole or as server-sent events. */
import type { Candidate, Clvp, GenerateResult, StreamEvent } from 'node-clvp'
import { errorLine, eventLine } from './speech_events.js'

export type CandidateEvent = StreamEvent

/** Codes that are told of together, so that a draw of many candidates is not a flood of events. */
const codesTold = 32

/** A picture: one byte for each channel and frame, row by row, low channels last; 0 is the faintest of all pictures of a draw. */
interface Mel {
  channels: number
  frames: number
  data: string
}

function describedCandidate(candidate: Candidate, mel: Mel | undefined) {
  const {
    index,
    seed,
    codes,
    drawnCodes,
    score,
    soloScore,
    meanLogprob,
    finishReason,
    seconds,
    longestSilence,
  } = candidate
  return {
    index,
    seed,
    score,
    solo_score: soloScore,
    mean_logprob: meanLogprob,
    finish_reason: finishReason,
    seconds,
    longest_silence: longestSilence,
    codes: [...codes],
    drawn_codes: [...drawnCodes],
    ...(mel && { mel }),
  }
}

/** A draw as the answer of /v1/candidates. */
export async function describedResult(clvp: Clvp, result: GenerateResult, withMel: boolean) {
  const { candidates, seed, normalized, dropped, unknownWords } = result
  const mels = withMel && clvp.info.codebook ? await melsOf(clvp, candidates) : []
  return {
    object: 'list' as const,
    seed,
    normalized,
    dropped,
    unknown_words: unknownWords,
    seconds_per_code: clvp.info.secondsPerCode,
    data: candidates.map((candidate, i) => describedCandidate(candidate, mels[i])),
  }
}

async function melsOf(clvp: Clvp, candidates: readonly Candidate[]): Promise<(Mel | undefined)[]> {
  const tensors = []
  for (const { drawnCodes } of candidates) {
    tensors.push(drawnCodes.length > 0 ? await clvp.codesToMel(drawnCodes) : undefined)
  }
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const tensor of tensors) {
    for (const value of tensor?.data ?? []) {
      low = Math.min(low, value)
      high = Math.max(high, value)
    }
  }
  const scale = high > low ? 255 / (high - low) : 0
  return tensors.map((tensor) => {
    if (!tensor) return undefined
    const [channels = 0, frames = 0] = tensor.dims
    const bytes = Buffer.alloc(channels * frames)
    for (let channel = 0; channel < channels; channel++) {
      const row = (channels - 1 - channel) * frames
      for (let frame = 0; frame < frames; frame++) {
        bytes[row + frame] = Math.round(scale * (tensor.data[channel * frames + frame]! - low))
      }
    }
    return { channels, frames, data: bytes.toString('base64') }
  })
}

export interface CandidateEventOptions {
  withMel: boolean
  onResult(result: GenerateResult): void
}

/** How far each candidate has come, each that has ended, and the ranked result. */
export async function* candidateEvents(
  clvp: Clvp,
  events: AsyncIterable<CandidateEvent>,
  { withMel, onResult }: CandidateEventOptions,
): AsyncGenerator<string> {
  const counts: number[] = []
  let untold = 0
  try {
    for await (const event of events) {
      if (event.type === 'token') {
        counts[event.candidate] = (counts[event.candidate] ?? 0) + 1
        if (++untold < codesTold) continue
        untold = 0
        yield eventLine({ type: 'candidates.progress', codes: Array.from(counts, (count) => count ?? 0) })
      } else if (event.type === 'candidate') {
        const { index, seconds, finishReason } = event.candidate
        yield eventLine({ type: 'candidates.drawn', index, seconds, finish_reason: finishReason })
      } else {
        onResult(event.result)
        yield eventLine({ type: 'candidates.done', ...(await describedResult(clvp, event.result, withMel)) })
      }
    }
  } catch (error) {
    if (counts.length === 0) throw error // nothing has been sent: the answer is an error of its own
    yield errorLine(error)
  }
}
