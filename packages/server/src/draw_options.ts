/** From a request's fields to the options of generate() and speak(). */
import { type GenerateOptions, type Preset, presets } from 'node-clvp'
import { badRequest } from './errors.js'
import type { Settings } from './settings.js'

/** The fields of drawFields() and soundFields. */
export interface DrawFields {
  candidates?: number
  preset?: Preset
  seed?: number
  temperature?: number
  top_p?: number
  top_k?: number
  repetition_penalty?: number
}

/** @throws ApiError for a preset of more candidates than the server allows */
export function drawOptions(
  body: DrawFields,
  { candidates, maxCandidates }: Settings,
): Omit<GenerateOptions, 'voice'> {
  const { preset, temperature, top_p, top_k, repetition_penalty } = body
  if (preset !== undefined && body.candidates === undefined && presets[preset] > maxCandidates) {
    throw badRequest(
      `Expected a preset of at most ${maxCandidates} candidates but ${preset} has ${presets[preset]}: send candidates too`,
      'preset',
    )
  }
  const count = body.candidates ?? (preset === undefined ? Math.min(candidates, maxCandidates) : undefined)
  return {
    ...(count !== undefined && { candidates: count }),
    ...(preset !== undefined && { preset }),
    ...(body.seed !== undefined && { seed: body.seed }),
    ...(temperature !== undefined && { temperature }),
    ...(top_p !== undefined && { topP: top_p }),
    ...(top_k !== undefined && { topK: top_k }),
    ...(repetition_penalty !== undefined && { repetitionPenalty: repetition_penalty }),
  }
}

/** The id in the field `voice`. */
export function voiceId(voice: string | { id: string }): string {
  return typeof voice === 'string' ? voice : voice.id
}
