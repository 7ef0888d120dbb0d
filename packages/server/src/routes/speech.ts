/** POST /v1/audio/speech, as OpenAI's. */
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { SpeechStream } from 'node-clvp'
import type { App, Parts } from '../app.js'
import { encode, soundBytes } from '../formats.js'
import { failures, soundAnswer } from '../schemas.js'
import { SoundReply } from '../sound_reply.js'
import { speechEvents } from '../speech_events.js'
import { beginSpeech, checkBody, type SpeechRequest, speechSchema } from '../speech_request.js'

export function speechRoutes(app: App, parts: Parts): void {
  const schema = {
    description: "Speaks a text, as OpenAI's route of that name",
    body: speechSchema(parts.settings),
    response: { 200: soundAnswer, ...failures },
  }
  app.post('/v1/audio/speech', { schema }, async (request, reply) => {
    const { body } = request
    checkBody(body)
    const speech = await beginSpeech(request, reply, body, parts)
    if (body.stream === false) return whole(speech, reply, parts)
    const sound = new SoundReply(reply, speech.job, parts.settings.readerSeconds)
    const stream = speech.job.clvp.speakStream(body.input, speech.options)
    const pieces = await heard(stream, request, reply, speech, parts)
    reply.header('x-clvp-seed', stream.spoken.seed)
    if (body.stream_format !== 'sse') {
      reply.type(speech.format.type)
      return sound.send(encoded(pieces, stream, speech))
    }
    reply.type('text/event-stream')
    return sound.send(speechEvents(encoded(pieces, stream, speech), stream, speech))
  })
}

/** Waits for the first samples, so that an error before them is an answer with its own status. */
async function heard(
  stream: SpeechStream,
  request: FastifyRequest,
  reply: FastifyReply,
  { job }: SpeechRequest,
  { metrics }: Parts,
): Promise<AsyncGenerator<Float32Array>> {
  const first = await stream.next()
  metrics.firstAudio.observe(reply.elapsedTime / 1000)
  return (async function* () {
    let samples = 0
    try {
      for (let next = first; !next.done; next = await stream.next()) {
        job.tell()
        samples += next.value.samples.length
        yield next.value.samples
      }
      metrics.spoke(stream.spoken)
      request.log.debug({ seconds: samples / 24_000 }, 'spoken')
    } finally {
      metrics.audioSeconds.inc(samples / 24_000)
      await stream.return()
    }
  })()
}

function encoded(
  pieces: AsyncIterable<Float32Array>,
  stream: SpeechStream,
  { format, job }: SpeechRequest,
): AsyncIterable<Uint8Array> {
  const { metadata } = stream.spoken
  return encode(format, pieces, { sampleRate: 24_000, metadata, signal: job.signal })
}

async function whole({ body, job, options, format }: SpeechRequest, reply: FastifyReply, { metrics }: Parts) {
  const sound = await job.clvp.speak(body.input, options)
  metrics.firstAudio.observe(reply.elapsedTime / 1000)
  metrics.audioSeconds.inc(sound.seconds)
  metrics.spoke(sound)
  const bytes = await soundBytes(sound, format, job.signal)
  job.end()
  return reply
    .type(format.type)
    .headers({
      'x-clvp-seed': sound.seed,
      'x-clvp-candidate': sound.best.index,
      'x-clvp-score': sound.best.score,
      'x-clvp-parts': sound.parts.length,
      'x-clvp-seconds': sound.seconds,
    })
    .send(Readable.from([bytes]))
}
