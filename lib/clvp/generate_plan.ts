/** The plan of a generate() call: its options after defaults and checks against a model. */
import type { EarlyStopping, NativeSampling, Positions } from '../addon/contract/drawing.js'
import type { NativeHeld } from '../addon/contract/files.js'
import type { NativeInfo } from '../addon/contract/session.js'
import type { Voice } from '../audio/voice.js'
import { pick } from '../base/check.js'
import { ClvpError } from '../base/errors.js'
import { integer, numbers } from '../base/kinds.js'
import { namesOf, readGiven, type ValuesOf } from '../base/options.js'
import { readSampling, samplingTable } from '../config/sampling.js'
import type { LogitsProcessor } from '../session/caller_hooks.js'
import { mostTokens } from '../session/positions.js'
import { readingTable } from './call_options.js'
import { type Compat, compatModes, compatSampling, normalizerOf } from './compat.js'
import { type GenerateOptions, generateTable, presets } from './generate_options.js'
import { latentsPositions } from './latents.js'

export interface BeamPlan {
  beams: number
  lengthPenalty: number
  earlyStopping: EarlyStopping
  /** Draws the continuations. */
  sample: boolean
}

type Values = ValuesOf<typeof generateTable> & ValuesOf<typeof readingTable>

/** Options after defaults and checks. */
export interface GeneratePlan
  extends Omit<
    Values,
    'compat' | 'preset' | 'beams' | 'lengthPenalty' | 'earlyStopping' | 'logitsProcessor'
  > {
  candidates: number
  positions: Positions
  sampling: NativeSampling
  maxTokens: number
  keep: number
  /** Present for beam search. */
  beams: BeamPlan | undefined
  processors: readonly LogitsProcessor[]
}

/** What the defaults and limits of generate() depend on. */
export interface DrawModel {
  info: NativeInfo
  /** Keys and values of the model file. */
  values: Readonly<Record<string, NativeHeld>>
  /** The default sampling settings. */
  sampling: NativeSampling
  /** The model's own `compat`. */
  compat: Compat | undefined
}

/** Reads the options of generate(). */
export function readGenerateOptions(value: unknown, model: DrawModel): GeneratePlan {
  const { info } = model
  const given = pick(
    value,
    [...namesOf(generateTable), ...namesOf(readingTable), ...namesOf(samplingTable)],
    'options',
  )
  const { compat: own } = readGiven({ compat: readingTable.compat }, given)
  const compat = own ?? model.compat
  const mode = compat && compatModes[compat]
  const counting = { positions: generateTable.positions }
  const { positions: counted = mode?.positions ?? info.positions } = readGiven(counting, given)
  const { preset, beams, lengthPenalty, earlyStopping, logitsProcessor, ...plan } = readGiven(
    tableOf(info, mostTokens(info, counted)),
    given,
  )
  checkWidth(plan.voice, info)
  refuseIdle(given)
  const length = mode?.padTo === 'maxTokens' ? plan.maxTokens : mode?.padTo
  const padTo = given.padTo === undefined ? (length ?? plan.padTo) : plan.padTo
  if (plan.latents) {
    generateTable.padTo.kind.upTo(mostTokens(info, latentsPositions)).read(padTo, 'padTo with latents')
  }
  const candidates = plan.candidates ?? beams ?? (preset ? presets[preset] : 16)
  if (beams !== undefined) generateTable.candidates.kind.upTo(beams).read(candidates, 'candidates')
  return {
    ...plan,
    normalizer: normalizerOf({ normalizer: plan.normalizer, compat: own }),
    positions: counted,
    padTo,
    history: given.history === undefined && mode ? mode.history : plan.history,
    candidates,
    keep: plan.keep ?? candidates,
    sampling: readSampling({ ...(compat ? compatSampling(compat, model.values) : model.sampling), ...given }),
    beams: beams === undefined ? undefined : { beams, lengthPenalty, earlyStopping, sample: isDrawn(given) },
    processors: logitsProcessor,
  }
}

/** The table with the limits of a model. */
function tableOf({ decoderVocab }: NativeInfo, most: number) {
  const { maxTokens, history } = generateTable
  return {
    ...generateTable,
    ...readingTable,
    maxTokens: { ...maxTokens, kind: maxTokens.kind.upTo(most), default: Math.min(500, most) },
    history: { ...history, kind: numbers(integer(0, decoderVocab - 1), 0) },
  }
}

export function checkWidth({ embedding }: Voice, { decoderWidth }: NativeInfo): void {
  if (embedding.length === decoderWidth) return
  throw new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected a voice of ${decoderWidth} numbers but received one of ${embedding.length}: it was made with another model`,
  )
}

type Given = Readonly<Partial<Record<keyof GenerateOptions, unknown>>>

/** Are the continuations of beams drawn? */
function isDrawn({ temperature }: Given): boolean {
  return temperature !== undefined && temperature !== 0
}

/** Refuses an option that would have no effect with beams or without: none is silently ignored. */
function refuseIdle(given: Given): void {
  const refuse = (names: readonly (keyof Given)[], what: string) => {
    const name = names.find((each) => given[each] !== undefined)
    if (name === undefined) return
    const message = `Expected no ${name} ${what} but received one: leave it out`
    throw new ClvpError('CLVP_INVALID_ARGUMENT', message)
  }
  if (given.beams === undefined) refuse(['lengthPenalty', 'earlyStopping'], 'without beams')
  else refuse(['preset', 'batchSize', 'deterministic', 'budgetMs', 'prune'], 'with beams')
  if (given.beams === undefined || isDrawn(given)) return
  refuse(['seed', 'topK', 'topP', 'minP', 'typicalP'], 'with beams that are not drawn (no temperature)')
}
