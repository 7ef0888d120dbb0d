/** Schemas that several routes share. */
import { Type } from 'typebox'
import type { Settings } from './settings.js'

export const strict = { additionalProperties: false }

export const ErrorBody = Type.Object({
  error: Type.Object({
    message: Type.String(),
    type: Type.String(),
    param: Type.Union([Type.String(), Type.Null()]),
    code: Type.String(),
  }),
})

/** The answers of a route that may fail in the usual ways. */
export const failures = { '4xx': ErrorBody, '5xx': ErrorBody }

export const voiceField = Type.Union(
  [
    Type.String({ minLength: 1, maxLength: 64 }),
    Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) }, strict),
  ],
  { description: "a voice's id, or an object with it" },
)

export const modelField = Type.Optional(
  Type.String({ maxLength: 200, description: 'a model of /v1/models; the first one if absent' }),
)

const seedField = Type.Optional(
  Type.Integer({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description: 'the same seed gives the same speech',
  }),
)

/** A text of at most so many characters. */
export function inputField({ maxText }: Settings) {
  return Type.String({ minLength: 1, maxLength: maxText, description: 'the text' })
}

/** How candidates are drawn: beyond OpenAI's fields. */
export function drawFields({ maxCandidates }: Settings) {
  return {
    candidates: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: maxCandidates,
        description: 'how many candidates to draw and rank',
      }),
    ),
    preset: Type.Optional(
      Type.Enum(['ultra_fast', 'fast', 'standard', 'high_quality'], { description: "tortoise's presets" }),
    ),
    seed: seedField,
    temperature: Type.Optional(Type.Number({ minimum: 0, maximum: 100 })),
    top_p: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    top_k: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000 })),
    repetition_penalty: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 100 })),
  }
}

/** How codes become sound: beyond OpenAI's fields. */
export const soundFields = {
  speech: Type.Optional(
    Type.Enum(['auto', 'hifigan', 'diffusion'], {
      description: 'how codes become sound; auto: hifigan if there is one',
    }),
  ),
  steps: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1000, description: 'passes of the diffusion model' }),
  ),
}

export const formatField = Type.Optional(
  Type.Enum(['mp3', 'opus', 'aac', 'flac', 'wav', 'pcm'], { default: 'mp3', description: 'aac is refused' }),
)

/** A row of codes. */
export const codesField = Type.Array(Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 }), {
  minItems: 1,
  maxItems: 4096,
})

/** An answer of bytes. */
export const soundAnswer = Type.Unsafe<unknown>({ description: 'the sound' })
