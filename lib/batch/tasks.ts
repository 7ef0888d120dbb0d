/** The tasks of a batch: which columns and options they have, what they need of a model, and what they make of a row. */
import { depthTable } from '../audio/output/encode_sound.js'
import { soundFormats } from '../audio/output/sound_format.js'
import type { Voice } from '../audio/voice.js'
import { ClvpError } from '../base/errors.js'
import { choice } from '../base/kinds.js'
import { optionTable, type Table } from '../base/options.js'
import { readingTable } from '../clvp/call_options.js'
import type { Clvp } from '../clvp/clvp.js'
import { generateTable } from '../clvp/generate_options.js'
import type { Candidate } from '../clvp/result.js'
import { samplingTable } from '../config/sampling.js'
import { speakTable } from '../speech/speak_options.js'
import type { BatchRow, Columns } from './input/row.js'
import { soundBytes } from './sound_bytes.js'

export type BatchTask = 'generate' | 'speak' | 'score' | 'embed' | 'encode'
export const batchTasks: readonly BatchTask[] = ['generate', 'speak', 'score', 'embed', 'encode']

/** What a task is given beside the row. */
export interface RowContext {
  clvp: Clvp
  /** Options of the call, as the manifest has them. */
  settings: Readonly<Record<string, unknown>>
  seed: number
  voice(row: BatchRow): Promise<Voice>
  /** The recording of the row: its bytes, or its path. */
  recording(row: BatchRow): string | Uint8Array
  signal: AbortSignal
}

/** What a task makes of a row: fields of the record, and a sound for a file beside it. */
export interface RowResult {
  fields: Readonly<Record<string, unknown>>
  sound?: { bytes: Uint8Array; extension: string }
}

interface TaskKind {
  /** Columns of the input, the one of the id first. */
  columns: readonly (keyof Columns)[]
  options: Table
  /** Rows at work together, if the user does not say. */
  together(settings: Readonly<Record<string, unknown>>): number
  /** Throws CLVP_UNSUPPORTED for a model that cannot do the task. */
  needs(clvp: Clvp): void
  run(row: BatchRow, context: RowContext): Promise<RowResult>
}

/** Options that would make the result depend on more than the row, or that the batch sets itself. */
const ownOptions = ['voice', 'seed', 'maxMemory', 'budgetMs', 'deterministic', 'latents', 'logitsProcessor']
const unused = [...ownOptions, 'signal', 'onProgress', 'partsFolder']

function without(table: Table, more: readonly string[] = []): Table {
  const left = Object.entries(table).filter(([name]) => !unused.includes(name) && !more.includes(name))
  return Object.fromEntries(left)
}

export const soundFormatTable = optionTable({
  /** Format of the sounds: 'wav' (default), 'flac', 'mp3', 'opus' or 'ogg'; the last three need ffmpeg. */
  soundFormat: { kind: choice(soundFormats), default: 'wav', help: 'format of the sounds' },
})

/** A row of one candidate uses one of the batch's rows; 16 fill it, and a few more keep it full. */
const fullBatch = 16

function needText({ text }: BatchRow): string {
  if (text !== undefined) return text
  throw new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    'Expected a text for the row but received none: add the field text',
  )
}

function described({ codes, drawnCodes, ...fields }: Candidate): Record<string, unknown> {
  const { latents: _, ...plain } = fields
  return { ...plain, codes: Array.from(codes), drawnCodes: Array.from(drawnCodes) }
}

/** Beams draw nothing at random in a batch, and refuse the option. */
function exactly(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return settings.beams === undefined ? { ...settings, deterministic: true } : { ...settings }
}

async function generate(row: BatchRow, context: RowContext): Promise<RowResult> {
  const { clvp, seed, signal, settings } = context
  const text = needText(row)
  const voice = await context.voice(row)
  const keep = settings.keep as number | undefined
  const result = await clvp.generate(text, { ...exactly(settings), keep: keep ?? 1, voice, seed, signal })
  const { best, candidates, dropped, unknownWords } = result
  return {
    fields: {
      ...described(best),
      ...(keep !== undefined && { candidates: candidates.map(described) }),
      ...(dropped.length > 0 && { dropped }),
      ...(unknownWords.length > 0 && { unknownWords }),
    },
  }
}

async function speak(row: BatchRow, context: RowContext): Promise<RowResult> {
  const { clvp, seed, signal, settings } = context
  const text = needText(row)
  const voice = await context.voice(row)
  const { soundFormat = 'wav', bitDepth, ...options } = settings
  const speech = await clvp.speak(text, { ...exactly(options), voice, seed, signal })
  const extension = soundFormat as (typeof soundFormats)[number]
  const bytes = await soundBytes(speech, extension, {
    bitDepth: bitDepth as 16 | 24 | 32 | undefined,
    signal,
  })
  const failures = speech.parts.flatMap((part) => part.failures.map(({ code }) => code))
  return {
    fields: {
      seconds: speech.seconds,
      score: Math.min(...speech.parts.map(({ candidate }) => candidate.score)),
      seed,
      speech: speech.speech,
      failures,
    },
    sound: { bytes, extension },
  }
}

async function score(row: BatchRow, { clvp, signal, settings, recording }: RowContext): Promise<RowResult> {
  const text = needText(row)
  const options = { ...settings, signal }
  if (row.codes) {
    const [ranked] = await clvp.rank(text, [row.codes], options)
    return { fields: { score: ranked!.score, seconds: row.codes.length * clvp.info.secondsPerCode } }
  }
  const [scored] = await clvp.score(text, recording(row), options)
  // A record has no place for a doubt about its recording.
  if (scored!.odd !== undefined)
    throw new ClvpError('CLVP_AUDIO', `${scored!.clip}: ${scored!.odd}: make the file again`)
  return { fields: { score: scored!.score, seconds: scored!.codes.length * clvp.info.secondsPerCode } }
}

/** Of the codes, else the recording, else the text. */
async function embed(row: BatchRow, { clvp, signal, settings, recording }: RowContext): Promise<RowResult> {
  if (!row.codes && row.audio === undefined) {
    const text = await clvp.embedText(needText(row), { ...settings, signal })
    return { fields: { embedding: Array.from(text) } }
  }
  const codes = row.codes ?? (await clvp.encode(recording(row), { signal }))
  return { fields: { embedding: Array.from(await clvp.embedSpeech(codes, { signal })) } }
}

async function encode(row: BatchRow, { clvp, signal, recording }: RowContext): Promise<RowResult> {
  const codes = await clvp.encode(recording(row), { signal })
  return { fields: { codes: Array.from(codes), seconds: codes.length * clvp.info.secondsPerCode } }
}

function needPartOf(isThere: boolean, what: string, advice: string): void {
  if (isThere) return
  throw new ClvpError('CLVP_UNSUPPORTED', `Expected a model ${what} but received one without: ${advice}`)
}

function needDecoder({ info }: Clvp): void {
  needPartOf(info.parts.includes('decoder'), 'with a decoder', 'load that part too')
}

const drawnTogether = ({ candidates = 16 }: Readonly<Record<string, unknown>>) =>
  Math.max(2, Math.ceil((fullBatch * 1.25) / (candidates as number)))

export const taskKinds: Readonly<Record<BatchTask, TaskKind>> = {
  generate: {
    columns: ['id', 'text', 'voice'],
    options: { ...without(generateTable), ...readingTable, ...samplingTable },
    together: drawnTogether,
    needs: needDecoder,
    run: generate,
  },
  speak: {
    columns: ['id', 'text', 'voice'],
    options: {
      ...without(generateTable, ['keep']),
      ...readingTable,
      ...samplingTable,
      ...without(speakTable),
      ...without(depthTable),
      ...soundFormatTable,
    },
    together: drawnTogether,
    needs(clvp) {
      needDecoder(clvp)
      const advice = "convert it with tortoise's hifidecoder.pth beside its other files (docs/speech.md)"
      needPartOf(clvp.info.speech.ways.length > 0, 'that speaks', advice)
    },
    run: speak,
  },
  score: {
    columns: ['id', 'text', 'audio', 'codes'],
    options: readingTable,
    together: () => 4,
    needs: () => {},
    run: score,
  },
  embed: {
    columns: ['id', 'text', 'audio', 'codes'],
    options: readingTable,
    together: () => 4,
    needs: () => {},
    run: embed,
  },
  encode: {
    columns: ['id', 'audio'],
    options: {},
    together: () => 4,
    needs: ({ info }) => {
      const advice = "convert it with tortoise's dvae.pth beside its other files (docs/scoring.md)"
      needPartOf(info.encoder !== undefined, 'with an encoder', advice)
    },
    run: encode,
  },
}
