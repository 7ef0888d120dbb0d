/** What `clvp speak` makes of its arguments: the text, the voice, the options; and what it tells of the result. */
import type { Voice } from '../audio/voice.js'
import { abortError, ClvpError } from '../base/errors.js'
import { type FileUse, readWhole } from '../base/files.js'
import { namesOf, type Table } from '../base/options.js'
import { readingTable } from '../clvp/call_options.js'
import { Clvp } from '../clvp/clvp.js'
import { generateTable } from '../clvp/generate_options.js'
import { samplingTable } from '../config/sampling.js'
import { partTable } from '../speech/part_options.js'
import { type SpeakOptions, type SpeakProgress, soundTable, speakTable } from '../speech/speak_options.js'
import type { SpokenText } from '../speech/speech.js'
import { type Arguments, type Context, type Flags, UsageError } from './command.js'
import { readVoice } from './commands/voice.js'
import { flagsOf, readFlags } from './flags.js'
import { isDemo } from './model.js'
import { textWarnings } from './reading.js'
import { megabytes, peakRss, table } from './table.js'

/** All options of speak() with a flag. `keep` is the command's own: it counts sounds. */
const { keep: _, ...drawing } = generateTable
const optionTable: Table = { ...drawing, ...readingTable, ...samplingTable, ...speakTable }

export const drawingFlags: Flags = flagsOf({ ...drawing, ...samplingTable })
export const soundFlags: Flags = flagsOf(soundTable)
export const longTextFlags: Flags = flagsOf(partTable)

const use: FileUse = { what: 'the text', maxBytes: 2 ** 26, code: 'CLVP_INVALID_ARGUMENT' }

/** The text: an argument, stdin for '-', or the file that --text-file names. */
export async function readText(args: Arguments, { signal }: Context): Promise<string> {
  const [given, file] = [args.positionals[1], args.text('text-file')]
  if (file !== undefined) {
    if (given !== undefined) throw new UsageError('TEXT and --text-file exclude each other')
    return (await readWhole(file, use)).toString()
  }
  return args.positional(1, 'TEXT or --text-file') === '-' ? readStdin(signal) : given!
}

async function readStdin(signal: AbortSignal): Promise<string> {
  const pieces: Buffer[] = []
  let length = 0
  const stop = () => process.stdin.destroy()
  signal.addEventListener('abort', stop, { once: true })
  try {
    for await (const piece of process.stdin as AsyncIterable<Buffer>) {
      pieces.push(piece)
      length += piece.length
      if (length <= use.maxBytes) continue
      throw new ClvpError(
        use.code,
        `Expected at most ${use.maxBytes} bytes of text from stdin but received more`,
      )
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
  if (signal.aborted) throw abortError(signal)
  return Buffer.concat(pieces).toString()
}

/** The voice that the flags name. */
export async function readSpeaker(clvp: Clvp, args: Arguments, context: Context): Promise<Voice> {
  const clips = args.texts('voice')
  const seed = args.number('voice-seed')
  if (!isRandom(args)) {
    const named = clips.length > 0 ? clips : [Clvp.demoVoice]
    return readVoice(clvp, named, context, seed === undefined ? {} : { seed })
  }
  return clvp.randomVoice({ ...(seed !== undefined && { seed }), signal: context.signal })
}

/** Checks what can be known of the voice without a model. */
export function checkSpeaker(args: Arguments, model: string): void {
  const clips = args.texts('voice')
  if (clips.length === 0 && !isDemo(model)) {
    throw new UsageError("--voice is missing: name a clip of the voice, or 'random'")
  }
  if (clips.includes('random') && clips.length > 1) {
    throw new UsageError("--voice random stands alone: a file of that name is './random'")
  }
  if (isRandom(args) && args.text('voice-seed') === undefined && args.given(['lines', 'parts']).length > 0) {
    throw new UsageError(
      '--voice random needs --voice-seed with --lines and --parts, to go on with one voice',
    )
  }
}

function isRandom(args: Arguments): boolean {
  return args.texts('voice')[0] === 'random'
}

/** The options of speak() from the flags. */
export function readSpeakFlags(args: Arguments, { signal, progress }: Context, voice: Voice): SpeakOptions {
  const onProgress = ({ part, parts, stage, fraction }: SpeakProgress) => {
    if (stage === 'latents' || stage === 'hifigan') return // short, and while the next codes are drawn
    progress(parts > 1 ? `part ${part + 1}/${parts}, ${stage}` : stage, fraction)
  }
  return { ...readFlags(args, optionTable), voice, signal, onProgress } as SpeakOptions
}

/** The names of the given flags that belong to a table. */
export function givenOf(options: SpeakOptions, from: Table): Record<string, unknown> {
  const names: string[] = namesOf(from)
  return Object.fromEntries(Object.entries(options).filter(([name]) => names.includes(name)))
}

/** What the user should know although there is a sound. */
export function spokenWarnings({ parts, skipped }: SpokenText): string[] {
  const shown = (text: string) => JSON.stringify(text.length > 40 ? `${text.slice(0, 37)}...` : text)
  return [
    ...skipped.map(({ text }) => `not spoken, since there is nothing to say: ${shown(text)}`),
    ...parts.flatMap(({ text, result, failures }) => [
      ...textWarnings(result).map((warning) => `${shown(text.text)}: ${warning}`),
      ...failures.map(({ message }) => `${shown(text.text)}: ${message}`),
    ]),
  ]
}

export function timingTable({ timings }: SpokenText): string {
  const ms = (value: number) => `${value.toFixed(1)} ms`
  return table([
    ['stage', 'took'],
    ['draw and rank', ms(timings.drawMs)],
    ['latents', ms(timings.latentsMs)],
    ['HiFi-GAN', ms(timings.hifiganMs)],
    ['diffusion', ms(timings.diffusionMs)],
    ['vocoder', ms(timings.vocoderMs)],
    ['first sound', ms(timings.firstSoundMs)],
    ['all', ms(timings.totalMs)],
    ['peak memory', megabytes(peakRss())],
  ])
}
