/** A request for speech: its fields, what of them is refused, and the work that it asks for. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { SpeakOptions, Voice } from 'node-clvp'
import { type Static, Type } from 'typebox'
import type { Parts } from './app.js'
import { drawOptions, voiceId } from './draw_options.js'
import { badRequest } from './errors.js'
import { type Format, formatOf } from './formats.js'
import type { Job } from './jobs.js'
import {
  drawFields,
  formatField,
  inputField,
  modelField,
  soundFields,
  strict,
  voiceField,
} from './schemas.js'
import type { Settings } from './settings.js'

export function speechSchema(settings: Settings) {
  return Type.Object(
    {
      model: modelField,
      input: inputField(settings),
      voice: voiceField,
      response_format: formatField,
      speed: Type.Optional(
        Type.Number({
          minimum: 0.25,
          maximum: 4,
          default: 1,
          description: 'other speeds than 1 are refused',
        }),
      ),
      instructions: Type.Optional(Type.String({ maxLength: 4096, description: 'refused, unless empty' })),
      stream_format: Type.Optional(Type.Enum(['audio', 'sse'], { default: 'audio' })),
      stream: Type.Optional(
        Type.Boolean({
          default: true,
          description: 'false: the whole sound at once, with its length and scores in headers',
        }),
      ),
      n: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 16,
          default: 1,
          description: 'with sse: the sounds of the n best candidates',
        }),
      ),
      ...drawFields(settings),
      ...soundFields,
    },
    strict,
  )
}

export type SpeechBody = Static<ReturnType<typeof speechSchema>>

/** All that a request's sound depends on. */
export interface SpeechRequest {
  body: SpeechBody
  job: Job
  voice: Voice
  options: SpeakOptions
  format: Format
}

/** Refuses what a model cannot do, rather than not doing it. */
export function checkBody({
  speed = 1,
  instructions,
  n = 1,
  stream_format,
  stream,
  steps,
  speech,
}: SpeechBody): void {
  if (speed !== 1) {
    throw badRequest(
      `Expected 1 for speed but received ${speed}: models of this kind speak at the pace of the voice`,
      'speed',
      'unsupported_value',
    )
  }
  if (instructions) {
    throw badRequest(
      'Expected no instructions but received some: models of this kind take none; choose another voice',
      'instructions',
      'unsupported_value',
    )
  }
  if (n > 1 && (stream_format !== 'sse' || stream === false)) {
    throw badRequest(`Expected 1 for n but received ${n}: several sounds need stream_format 'sse'`, 'n')
  }
  if (stream === false && stream_format === 'sse') {
    throw badRequest(
      'Expected true for stream but received false: events are a stream; leave out stream_format',
      'stream',
    )
  }
  if (steps !== undefined && speech === 'hifigan') {
    throw badRequest(`Expected no steps but received ${steps}: they are for speech 'diffusion'`, 'steps')
  }
}

export async function beginSpeech(
  request: FastifyRequest,
  reply: FastifyReply,
  body: SpeechBody,
  { models, voices, jobs, settings }: Parts,
): Promise<SpeechRequest> {
  const model = models.find(body.model)
  const draw = drawOptions(body, settings)
  const [format, voiceFor] = await Promise.all([
    formatOf(body.response_format ?? 'mp3'),
    voices.find(voiceId(body.voice)),
  ])
  const job = await jobs.begin(request, reply, model)
  const voice = await voiceFor(model, job.clvp)
  const options: SpeakOptions & { voice: Voice } = {
    ...draw,
    voice,
    ...(body.speech !== undefined && { speech: body.speech }),
    ...(body.steps !== undefined && { steps: body.steps }),
    signal: job.signal,
    onProgress: job.tell,
  }
  return { body, job, voice, options, format }
}
