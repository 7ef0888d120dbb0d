/** `clvp speak --keep`: the sounds of several candidates. */
import { parse } from 'node:path'
import { readingTable } from '../clvp/call_options.js'
import type { Clvp } from '../clvp/clvp.js'
import { presets } from '../clvp/generate_options.js'
import type { CandidateSoundOptions } from '../speech/candidate_sound.js'
import { diffusionTable } from '../speech/diffusion_options.js'
import { presetSettings, type SpeakOptions } from '../speech/speak_options.js'
import type { SpeechStream } from '../speech/speech_stream.js'
import { type Arguments, UsageError } from './command.js'
import type { SinkOptions } from './sound_sink.js'
import { givenOf } from './speaking.js'

/** How many sounds --keep asks for, checked before any is drawn. */
export function readKeep(args: Arguments, stream: SpeechStream, options: SpeakOptions): number | undefined {
  const keep = args.number('keep')
  if (keep === undefined) return undefined
  const candidates = options.candidates ?? options.beams ?? presets[options.preset ?? 'ultra_fast']
  if (!Number.isInteger(keep) || keep < 1 || keep > candidates) {
    throw new UsageError(`--keep takes 1 to the number of candidates, ${candidates}, not ${keep}`)
  }
  needOnePart(stream, '--keep')
  return keep
}

/** Throws a UsageError for a flag that shows candidates: those of several parts would be mixed. */
export function needOnePart({ texts }: SpeechStream, flag: string): void {
  if (texts.length === 1) return
  throw new UsageError(`${flag} takes a text of one part, not of ${texts.length}: speak the parts one by one`)
}

/** `hello.wav` as `hello.2.wav`. */
export function numbered(file: string, rank: number): string {
  const { ext } = parse(file)
  return `${file.slice(0, file.length - ext.length)}.${rank}${ext}`
}

/** Writes the sounds of the candidates behind the one that was spoken, best first. */
export async function writeOthers(
  clvp: Clvp,
  { spoken }: SpeechStream,
  keep: number,
  target: string,
  options: SpeakOptions,
  { encoding, hasMetadata, signal }: SinkOptions,
): Promise<string[]> {
  const { text, candidate, result } = spoken.parts[0]!
  const others = result.candidates.filter((each) => each !== candidate).slice(0, keep - 1)
  const { voice } = options
  const sound: CandidateSoundOptions = {
    voice,
    signal,
    speech: spoken.speech,
    ...givenOf(options, readingTable),
  }
  if (spoken.speech === 'diffusion') {
    const { preset } = options
    Object.assign(sound, preset && presetSettings[preset], givenOf(options, diffusionTable))
  }
  const paths: string[] = []
  for (const [i, each] of others.entries()) {
    const path = numbered(target, i + 2)
    const made = await clvp.candidateSound(text.text, each, sound)
    await made.save(path, { ...encoding, metadata: hasMetadata, signal })
    paths.push(path)
  }
  return paths
}
