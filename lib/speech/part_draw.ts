/** Draws the parts of a text, each until a candidate passes the quality gates. */
import type { NativePrompt } from '../addon/contract/drawing.js'
import type { Compat } from '../clvp/compat.js'
import type { Listener } from '../clvp/generate.js'
import type { GenerateOptions } from '../clvp/generate_options.js'
import type { ModelInfo } from '../clvp/info.js'
import type { PlannedSound } from '../clvp/memory_plan.js'
import type { GenerateResult } from '../clvp/result.js'
import type { Session } from '../session/session.js'
import type { TextPart } from '../text/split_part.js'
import type { CodeSource } from './code_source.js'
import { judge } from './gates.js'
import { chooseBest, nextSeed } from './retries.js'
import type { SpeakPlan, SpeakProgress } from './speak_options.js'
import type { SpeechPart } from './speech.js'

/** What speaking needs of a model. */
export interface Speaker {
  session: Session
  info: ModelInfo
  /** Clvp.generate, with a listener to the draw. */
  generate(
    text: string,
    options: GenerateOptions,
    sound: PlannedSound,
    listener?: Listener,
  ): Promise<GenerateResult>
  /** The prompt of a text, as generate() makes it. Refuses a call that exceeds its memory limit with its sound. */
  prompt(text: string, options: GenerateOptions, sound: PlannedSound): NativePrompt
  /** A text as it is spoken, and how many more tokens it may have; negative for one that is too long. Undefined for one with nothing to say. */
  read(text: string, options: GenerateOptions): { normalized: string; remaining: number } | undefined
  /** `compat` of the call or of the model. */
  compat(options: GenerateOptions): Compat | undefined
}

/** A part of a call. */
export interface PartRequest {
  /** From 0. */
  part: number
  text: TextPart
  /** Of the call. */
  seed: number
  /** Scores of the parts before. */
  partScores: readonly number[]
  /** What is made of the codes. */
  sound: PlannedSound
  signal: AbortSignal
  tell: (part: number, stage: SpeakProgress['stage'], fraction: number) => void
}

/** The seed of an attempt at a part: the seeds of all attempts follow each other. */
export function seedOf({ seed, part }: PartRequest, { retries }: SpeakPlan, attempt: number): number {
  return nextSeed(seed, part * (retries + 1) + attempt)
}

/** Draws a part until a candidate passes the gates. With `source`, which gets the codes, there is one candidate and one attempt. */
export async function drawPart(
  speaker: Speaker,
  plan: SpeakPlan,
  request: PartRequest,
  source: CodeSource | undefined,
): Promise<SpeechPart> {
  const attempts: SpeechPart[] = []
  do {
    const result = await attemptPart(speaker, plan, request, attempts.length, source)
    attempts.push(judged(speaker, plan, request, result))
  } while (attempts.at(-1)!.failures.length > 0 && attempts.length <= plan.retries)
  const best = chooseBest(attempts as [SpeechPart, ...SpeechPart[]])
  return { ...best, attempts: attempts.length }
}

function attemptPart(
  speaker: Speaker,
  plan: SpeakPlan,
  request: PartRequest,
  attempt: number,
  source: CodeSource | undefined,
): Promise<GenerateResult> {
  const { draw } = plan
  const { part, text, signal, tell } = request
  const options: GenerateOptions = { ...draw, seed: seedOf(request, plan, attempt), signal }
  if (draw.beams !== undefined && draw.temperature === undefined) delete options.seed // nothing is drawn
  if (plan.onProgress) {
    options.onProgress = ({ stage, fraction }) => tell(part, stage as SpeakProgress['stage'], fraction)
  }
  const { stop } = speaker.info.decoder
  const onStep = (pairs: Int32Array) => {
    for (let i = 1; i < pairs.length; i += 2) if (pairs[i] !== stop) source!.push(pairs[i]!)
  }
  return speaker.generate(text.text, options, request.sound, source && { onStep, onCandidate: () => {} })
}

/** The best candidate that passes the gates, or else the best one with what is wrong with it. */
function judged(
  { info, session }: Speaker,
  { gates }: SpeakPlan,
  { text, partScores }: PartRequest,
  result: GenerateResult,
): SpeechPart {
  const failuresOf = (candidate: GenerateResult['best']) =>
    judge(
      candidate,
      {
        normalized: result.normalized,
        secondsPerCode: info.secondsPerCode,
        silenceCode: session.info.fixingCodes[0],
        candidateScores: result.candidates.filter((each) => each !== candidate).map(({ score }) => score),
        partScores,
      },
      gates,
    )
  const candidate = result.candidates.find((each) => failuresOf(each).length === 0) ?? result.best
  const span = { start: 0, end: 0 } // known when the parts are joined
  return { text, span, candidate, result, failures: failuresOf(candidate), attempts: 1 }
}
