/** The sound of a candidate that was drawn before. */
import { speechRate } from '../addon/contract/speech.js'
import { concat } from '../audio/concat.js'
import { soundMetadata } from '../audio/output/provenance.js'
import { Sound } from '../audio/sound.js'
import type { Voice } from '../audio/voice.js'
import { pick, string } from '../base/check.js'
import { choice, integer } from '../base/kinds.js'
import { namesOf, type OptionsOf, optionTable, readGiven, readOptions } from '../base/options.js'
import { callTable, readingTable } from '../clvp/call_options.js'
import { takeRow } from '../clvp/codes.js'
import { generateTable } from '../clvp/generate_options.js'
import type { Candidate } from '../clvp/result.js'
import { seed } from '../config/kinds.js'
import { diffusionSound, heardCodes, hifiganSound, type SoundJob } from './code_sound.js'
import type { diffusionTable } from './diffusion_options.js'
import type { Speaker } from './part_draw.js'
import { kindOf, soundTable, speechOf, type wayTable } from './speak_options.js'

export const ownTable = optionTable({
  /** Seed of the diffusion model's noise, 0 to 2^53 - 1; default: the candidate's. */
  seed: { kind: seed, defaultText: "the candidate's" },
})

const candidateSoundTable = {
  voice: generateTable.voice,
  ...soundTable,
  ...ownTable,
  ...readingTable,
  ...callTable,
}

/** Options of candidateSound(). */
export interface CandidateSoundOptions
  extends OptionsOf<typeof wayTable>,
    OptionsOf<typeof diffusionTable>,
    OptionsOf<typeof ownTable>,
    OptionsOf<typeof readingTable>,
    OptionsOf<typeof callTable> {
  /** The voice that the candidate was drawn in. */
  voice: Voice
}

/** What of a candidate its sound depends on. */
export type HeardCandidate = Pick<Candidate, 'codes' | 'drawnCodes' | 'finishReason' | 'index' | 'seed'>

const candidateTable = {
  finishReason: { kind: choice(['stop', 'length']), required: true },
  index: { kind: integer(0, Number.MAX_SAFE_INTEGER), required: true },
  seed: { kind: seed, required: true },
} as const

/** Makes the sound of a candidate as speak() does. */
export async function candidateSound(
  speaker: Speaker,
  text: string,
  candidate: unknown,
  options: unknown,
): Promise<Sound> {
  const { session, info } = speaker
  const given = pick(options, namesOf(candidateSoundTable), 'options')
  const { voice, normalizer, compat, signal, speech, ...values } = readGiven(candidateSoundTable, given)
  const way = kindOf(speechOf(speech, given), info)
  const heard = readCandidate(candidate)
  const reading = { voice, normalizer, compat }
  const job: SoundJob = {
    session,
    prompt: speaker.prompt(string(text, 'text'), reading, {}),
    voice,
    seed: values.seed ?? heard.seed,
    signal,
    track: (_, run) => run(() => {}),
  }
  const codes = heardCodes(heard, session.info, speaker.compat(reading) === 'tortoise')
  const pieces: Float32Array[] = []
  await session.call(async () => {
    const { seed: _, ...settings } = values
    const row = async () => codes
    const sound = way === 'hifigan' ? hifiganSound(job, undefined, row) : diffusionSound(job, settings, row)
    for await (const { samples } of sound) pieces.push(samples)
  })
  const { seed: drawn, index } = heard
  return new Sound(
    concat(pieces),
    speechRate,
    soundMetadata({ text, model: info, seed: drawn, candidate: index }),
  )
}

function readCandidate(value: unknown): HeardCandidate {
  const { codes, drawnCodes, ...others } = (value ?? {}) as Record<string, unknown>
  const { finishReason, index, seed } = others
  return {
    codes: takeRow(codes, 'candidate.codes'),
    drawnCodes: takeRow(drawnCodes, 'candidate.drawnCodes'),
    ...readOptions(candidateTable, { finishReason, index, seed }, 'candidate'),
  }
}
