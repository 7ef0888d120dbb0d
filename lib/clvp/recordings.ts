/** Encodes recordings and scores them. */
import type { NativeInfo } from '../addon/contract/session.js'
import { framesPerCode } from '../addon/contract/sound.js'
import { needPart } from '../addon/parts.js'
import { hearClip, mostSeconds, type NamedClip, readClip, spreadClips } from '../audio/clips.js'
import { ClvpError, invalid } from '../base/errors.js'
import { limits } from '../base/limits.js'
import type { Session } from '../session/session.js'
import type { ReadText } from '../text/text.js'
import { forJson } from './codes.js'
import type { ContentCache } from './content_cache.js'
import { byScore } from './generate.js'

/** What makes codes of recordings: tortoise's discrete VAE, or the nearest entry of the model's codebook. */
export type EncoderKind = 'dvae' | 'codebook'

/** A recording as codes. */
export interface EncodedClip {
  /** Path of the clip's file; of bytes and samples their place, such as `clips[0]`. */
  clip: string
  codes: Int32Array
  /** What was odd about its file, which was read all the same; absent if nothing was. */
  odd?: string
}

/** A recording's score against a text. */
export interface ScoredClip extends EncodedClip {
  /** Place among the recordings, from 0. A folder's clips stand in its place, ordered by name. */
  index: number
  /** cosine * exp(logit_scale), as of rank(). */
  score: number
}

/** Scores of all pairs of texts and recordings. */
export interface ScoreTable {
  texts: string[]
  clips: EncodedClip[]
  /** `scores[i][j]`: of recording i and text j. */
  scores: number[][]
}

/** A codebook does not stand in for an encoder that was left out: its codes would be others. */
export function encoderOf({ encoder, dvaeCodes, codebookCodes }: NativeInfo): EncoderKind | undefined {
  if (encoder) return 'dvae'
  return dvaeCodes === 0 && codebookCodes > 0 ? 'codebook' : undefined
}

/** Throws CLVP_UNSUPPORTED for a model that cannot make codes of recordings. */
export function needEncoder(info: NativeInfo): void {
  if (encoderOf(info)) return
  if (info.dvaeCodes > 0) needPart('encoder', info, "load it too, as 'encoder' of parts")
  throw new ClvpError(
    'CLVP_UNSUPPORTED',
    "Expected a model that can encode recordings but received one without an encoder: convert it with tortoise's dvae.pth beside its other files (docs/scoring.md)",
  )
}

/** The codes of a recording, from its first sample to its last. An odd file is refused, since codes alone cannot tell what was odd. */
export async function encodeClip(
  session: Session,
  { clip, name }: NamedClip,
  signal: AbortSignal | undefined,
): Promise<Int32Array> {
  const samples = await readClip(clip, name, session.info.sampleRate, signal)
  return codesOf(session, samples, name, signal)
}

async function codesOf(
  session: Session,
  samples: Float32Array,
  name: string,
  signal: AbortSignal | undefined,
): Promise<Int32Array> {
  checkLength(samples.length, session.info, name)
  return forJson(await session.encodeAudio(samples, signal))
}

/** The codes of several recordings. One after the other: only one is in memory as sound. */
export async function encodeClips(
  session: Session,
  clips: readonly NamedClip[],
  signal: AbortSignal | undefined,
): Promise<EncodedClip[]> {
  const encoded: EncodedClip[] = []
  for (const { clip, name } of await spreadClips(clips)) {
    const { samples, odd } = await hearClip(clip, name, session.info.sampleRate, signal)
    const codes = await codesOf(session, samples, name, signal)
    encoded.push({ clip: name, codes, ...(odd !== undefined && { odd }) })
  }
  return encoded
}

/** Throws CLVP_UNSUPPORTED for a model that cannot score recordings. */
export function needScoring(info: NativeInfo): void {
  needEncoder(info)
  needPart('ranker', info, 'load the ranker too')
}

/** Scores recordings against one text, best first. */
export async function scoreClips(
  session: Session,
  cache: ContentCache,
  ids: Int32Array,
  given: readonly NamedClip[],
  signal: AbortSignal | undefined,
): Promise<ScoredClip[]> {
  const clips = await encodeClips(session, given, signal)
  const rows = clips.map(({ codes }) => codes)
  const { scores } = await cache.score(ids, rows, signal)
  return clips.map((each, index) => ({ index, ...each, score: scores[index]! })).sort(byScore)
}

/** Checks and reads the texts of a table. */
export function readTexts(
  texts: unknown,
  read: (text: string) => ReadText,
): { text: string; ids: Int32Array }[] {
  if (!Array.isArray(texts) || texts.length === 0) throw invalid('an array of texts', 'texts', texts)
  return Array.from(texts, (text) => ({ text, ids: read(text).ids }))
}

export async function tableOf(
  session: Session,
  cache: ContentCache,
  texts: readonly { text: string; ids: Int32Array }[],
  given: readonly NamedClip[],
  signal: AbortSignal | undefined,
): Promise<ScoreTable> {
  const clips = await encodeClips(session, given, signal)
  const speech = await session.embedSpeech(
    clips.map(({ codes }) => codes),
    signal,
  )
  const scores: number[][] = clips.map(() => [])
  for (const { ids } of texts) {
    const column = session.similarity(await cache.embedText(ids, signal), speech).scores
    for (const [i, row] of scores.entries()) row.push(column[i]!)
  }
  return { texts: texts.map(({ text }) => text), clips, scores }
}

/** Refuses a recording with more codes than the speech encoder takes, and one that was not read to its end. */
function checkLength(samples: number, info: NativeInfo, name: string): void {
  const parts = samples / (info.hopLength * framesPerCode)
  const codes = info.encoder ? Math.floor(parts) + 1 : Math.ceil(parts) // whole codes have one frame more
  if (codes <= limits.rowCodes && samples < mostSeconds * info.sampleRate) return
  const most = (limits.rowCodes * framesPerCode * info.hopLength) / info.sampleRate
  throw new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected a recording below ${Math.min(most, mostSeconds).toFixed(0)} s for ${name} but received one of ${(samples / info.sampleRate).toFixed(1)} s or more: split it at pauses`,
  )
}
