/** Speech as server-sent events, as OpenAI sends them. */
import type { SpeechStream } from 'node-clvp'
import { toApiError } from './errors.js'
import { soundBytes } from './formats.js'
import type { SpeechRequest } from './speech_request.js'

/** A line of an event stream. */
export function eventLine(event: unknown): string {
  return `data: ${JSON.stringify(event)}\n\n`
}

/** The last event of a stream that failed. */
export function errorLine(error: unknown): string {
  return eventLine({ type: 'error', ...toApiError(error).body })
}

/**
 * The sound in base64, then the sounds of the next best candidates if more than one is asked for, then what was spoken. `index` tells
 * several sounds apart.
 */
export async function* speechEvents(
  chunks: AsyncIterable<Uint8Array>,
  stream: SpeechStream,
  request: SpeechRequest,
): AsyncGenerator<string> {
  try {
    for await (const bytes of chunks) yield delta(bytes, 0)
    let index = 1
    for await (const bytes of others(stream, request)) yield delta(bytes, index++)
    yield eventLine(done(stream, request))
  } catch (error) {
    yield errorLine(error)
  }
}

function delta(bytes: Uint8Array, index: number): string {
  const audio = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
  return eventLine({ type: 'speech.audio.delta', audio, index })
}

/** The sounds of the candidates behind the one that was heard, of a text of one part. */
async function* others(
  stream: SpeechStream,
  { body, job, voice, format }: SpeechRequest,
): AsyncGenerator<Uint8Array> {
  const [part] = stream.spoken.parts
  if ((body.n ?? 1) === 1 || !part) return
  const rest = part.result.candidates.filter(({ index }) => index !== part.candidate.index)
  const { speech, steps } = body
  const options = { voice, signal: job.signal, ...(speech && { speech }), ...(steps && { steps }) }
  for (const candidate of rest.slice(0, body.n! - 1)) {
    const sound = await job.clvp.candidateSound(part.text.text, candidate, options)
    job.tell()
    yield await soundBytes(sound, format, job.signal)
  }
}

function done({ spoken }: SpeechStream, { body }: SpeechRequest) {
  const codes = spoken.parts.reduce((sum, { candidate }) => sum + candidate.drawnCodes.length, 0)
  const characters = [...body.input].length
  return {
    type: 'speech.audio.done',
    usage: { input_tokens: characters, output_tokens: codes, total_tokens: characters + codes },
    clvp: {
      seed: spoken.seed,
      speech: spoken.speech,
      parts: spoken.parts.map(({ text, span, candidate, failures, attempts }) => ({
        text: text.text,
        start: span.start,
        end: span.end,
        candidate: candidate.index,
        score: candidate.score,
        solo_score: candidate.soloScore,
        failures,
        attempts,
      })),
    },
  }
}
