/** The draws behind speech: candidates with their scores, their sounds, and the parts of a long text. */
import { Readable } from 'node:stream'
import { type Clvp, Sound, splitText } from 'node-clvp'
import { type Static, Type } from 'typebox'
import type { App, Parts } from '../app.js'
import { type CandidateEvent, candidateEvents, describedResult } from '../candidate_events.js'
import { drawOptions, voiceId } from '../draw_options.js'
import { formatOf, soundBytes } from '../formats.js'
import {
  codesField,
  drawFields,
  failures,
  formatField,
  inputField,
  modelField,
  soundAnswer,
  soundFields,
  strict,
  voiceField,
} from '../schemas.js'
import type { Settings } from '../settings.js'
import { SoundReply } from '../sound_reply.js'

const Candidate = Type.Object(
  {
    index: Type.Integer({ minimum: 0 }),
    seed: Type.Integer({ minimum: 0 }),
    finish_reason: Type.Enum(['stop', 'length']),
    codes: codesField,
    drawn_codes: codesField,
  },
  { additionalProperties: true },
)

/** The fields of a candidate in an answer. */
const Ranked = Type.Object({
  ...Candidate.properties,
  score: Type.Number({ description: 'how well it says the text, by which candidates are ranked' }),
  solo_score: Type.Number({ description: 'the same, without padding to the longest' }),
  mean_logprob: Type.Number(),
  seconds: Type.Number(),
  longest_silence: Type.Number(),
  mel: Type.Optional(
    Type.Object({
      channels: Type.Integer(),
      frames: Type.Integer(),
      data: Type.String({ description: 'a byte for each place in base64, row by row, high channels first' }),
    }),
  ),
})

const Drawn = Type.Object({
  object: Type.Literal('list'),
  seed: Type.Integer(),
  normalized: Type.String({ description: 'the text as it is spoken' }),
  dropped: Type.Array(Type.Unknown({ description: 'what of the text cannot be spoken' })),
  unknown_words: Type.Array(Type.String(), { description: 'words that the model has not learned' }),
  seconds_per_code: Type.Number(),
  data: Type.Array(Ranked, { description: 'best first' }),
})

function bodySchema(settings: Settings) {
  return Type.Object(
    {
      model: modelField,
      input: inputField(settings),
      voice: voiceField,
      n: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: settings.maxCandidates,
          description: 'how many of the best to return',
        }),
      ),
      mel: Type.Optional(
        Type.Boolean({ default: false, description: 'with a picture of each, if the model has a codebook' }),
      ),
      stream: Type.Optional(
        Type.Boolean({ default: false, description: 'as server-sent events, while they are drawn' }),
      ),
      ...drawFields(settings),
    },
    strict,
  )
}

function soundSchema(settings: Settings) {
  return Type.Object(
    {
      model: modelField,
      input: inputField(settings),
      voice: voiceField,
      candidate: Candidate,
      response_format: formatField,
      preview: Type.Optional(
        Type.Boolean({ description: 'a rough sound by the codebook (default: if the model cannot speak)' }),
      ),
      ...soundFields,
    },
    strict,
  )
}

export function candidateRoutes(app: App, parts: Parts): void {
  const { settings, models, voices, jobs, metrics } = parts

  const draw = {
    description: 'Draws and ranks candidates',
    body: bodySchema(settings),
    response: { 200: Drawn, ...failures },
  }
  app.post('/v1/candidates', { schema: draw }, async (request, reply) => {
    const { body } = request
    const model = models.find(body.model)
    const options = drawOptions(body, settings)
    const voiceFor = await voices.find(voiceId(body.voice))
    const job = await jobs.begin(request, reply, model)
    const voice = await voiceFor(model, job.clvp)
    const keep = body.n === undefined ? {} : { keep: body.n }
    const call = { ...options, ...keep, voice, signal: job.signal, onProgress: job.tell }
    if (!body.stream) {
      const result = await job.clvp.generate(body.input, call)
      metrics.drew(result)
      const answer = await describedResult(job.clvp, result, body.mel ?? false)
      job.end()
      return answer
    }
    const events: AsyncIterable<CandidateEvent> = job.clvp.stream(body.input, call)
    const lines = candidateEvents(job.clvp, events, {
      withMel: body.mel ?? false,
      onResult: (result) => metrics.drew(result),
    })
    reply.type('text/event-stream')
    return new SoundReply(reply, job, settings.readerSeconds).send(await begun(lines))
  })

  const sound = {
    description: 'The sound of a candidate of /v1/candidates',
    body: soundSchema(settings),
    response: { 200: soundAnswer, ...failures },
  }
  app.post('/v1/candidates/sound', { schema: sound }, async (request, reply) => {
    const { body } = request
    const model = models.find(body.model)
    const format = await formatOf(body.response_format ?? 'mp3')
    const voiceFor = await voices.find(voiceId(body.voice))
    const job = await jobs.begin(request, reply, model)
    const isPreview = body.preview ?? job.clvp.info.speech.ways.length === 0
    const heard = isPreview
      ? await previewed(job.clvp, body.candidate.drawn_codes, job.signal)
      : await spoken(job.clvp, body, await voiceFor(model, job.clvp), job.signal)
    metrics.audioSeconds.inc(heard.seconds)
    const bytes = await soundBytes(heard, format, job.signal)
    job.end()
    reply.type(format.type).header('x-clvp-preview', String(isPreview))
    return reply.send(Readable.from([bytes]))
  })

  const Part = Type.Object({ text: Type.String(), start: Type.Integer(), end: Type.Integer() })
  const split = {
    description: 'The parts in which a long text is spoken',
    body: Type.Object({ model: modelField, input: inputField(settings) }, strict),
    response: { 200: Type.Object({ parts: Type.Array(Part) }), ...failures },
  }
  app.post('/v1/parts', { schema: split }, async (request, reply) => {
    const { input } = request.body
    const job = await jobs.begin(request, reply, models.find(request.body.model))
    const found = splitText(input)
    job.end()
    return { parts: found.map(({ text, start, end }) => ({ text, start, end })) }
  })
}

/** Waits for the first event, so that an error before it is an answer with its own status. */
async function begun(lines: AsyncGenerator<string>): Promise<AsyncGenerator<string>> {
  const first = await lines.next()
  return (async function* () {
    if (first.done) return
    yield first.value
    yield* lines
  })()
}

async function previewed(clvp: Clvp, codes: readonly number[], signal: AbortSignal): Promise<Sound> {
  const { samples, sampleRate } = await clvp.preview(codes, { signal })
  return new Sound(samples, sampleRate)
}

type SoundBody = Static<ReturnType<typeof soundSchema>>

function spoken(
  clvp: Clvp,
  { input, candidate, speech, steps }: SoundBody,
  voice: Awaited<ReturnType<Clvp['voice']>>,
  signal: AbortSignal,
): Promise<Sound> {
  const { codes, drawn_codes, finish_reason, index, seed } = candidate
  const heard = {
    codes: Int32Array.from(codes),
    drawnCodes: Int32Array.from(drawn_codes),
    finishReason: finish_reason,
    index,
    seed,
  }
  return clvp.candidateSound(input, heard, {
    voice,
    signal,
    ...(speech && { speech }),
    ...(steps && { steps }),
  })
}
