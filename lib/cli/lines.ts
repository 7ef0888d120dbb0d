/** `clvp speak --lines`: a sound for each line of a text. */
import { randomInt } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { speechRate } from '../addon/contract/speech.js'
import { checkSoundFile } from '../audio/output/save_sound.js'
import { ClvpError } from '../base/errors.js'
import { failIo, statIfThere } from '../base/files.js'
import type { Clvp } from '../clvp/clvp.js'
import { hashOf, settingsKey } from '../speech/settings_key.js'
import type { SpeakOptions } from '../speech/speak_options.js'
import type { Output } from './command.js'
import { Manifest, type ManifestEntry } from './manifest.js'
import { type SinkOptions, writeSpeech } from './sound_sink.js'
import { spokenWarnings } from './speaking.js'

interface Line {
  text: string
  /** From 1. */
  number: number
  /** Name of its sound. */
  file: string
}

/** Speaks each line into a file of the folder, unless the manifest there lists it with the same text, settings and seed. */
export async function speakLines(
  clvp: Clvp,
  text: string,
  folder: string,
  options: SpeakOptions,
  sink: SinkOptions,
): Promise<Output> {
  const lines = linesOf(text, sink.encoding.format ?? 'wav')
  for (const line of lines) atLine(line, () => clvp.speakStream(line.text, options)) // checks, before any work
  await mkdir(folder, { recursive: true }).catch((error) => failIo(folder, error))
  await checkSoundFile(join(folder, lines[0]!.file), sink.encoding)
  const manifest = await Manifest.open(join(folder, 'manifest.jsonl'))
  const settings = settingsKey(clvp.info, {
    ...options,
    ...sink.encoding,
    metadata: sink.hasMetadata,
  })
  const seed = options.seed ?? manifest.seedOf(settings) ?? randomInt(2 ** 47)
  const sounds: ManifestEntry[] = []
  const warnings: string[] = []
  let made = 0
  for (const line of lines) {
    const wanted = { file: line.file, text: hashOf(line.text), settings, seed }
    const known = await finished(folder, manifest, wanted)
    if (known) {
      sounds.push(known)
      continue
    }
    const stream = clvp.speakStream(line.text, { ...options, seed })
    const count = await writeSpeech(stream, join(folder, line.file), sink)
    const entry = { ...wanted, seconds: count / speechRate }
    await manifest.add(entry)
    sounds.push(entry)
    warnings.push(...spokenWarnings(stream.spoken).map((each) => `line ${line.number}: ${each}`))
    made++
  }
  const seconds = sounds.reduce((sum, each) => sum + each.seconds, 0)
  const kept = sounds.length - made
  return {
    text: `${folder}: ${made} sounds made, ${kept} there already, ${seconds.toFixed(2)} s in all, seed ${seed}`,
    json: { path: folder, made, kept, seconds, seed, sounds },
    warnings,
  }
}

function linesOf(text: string, extension: string): Line[] {
  const lines = text.split(/\r?\n/).map((each, i) => ({
    text: each.trim(),
    number: i + 1,
    file: `${String(i + 1).padStart(4, '0')}.${extension}`,
  }))
  const spoken = lines.filter((line) => line.text !== '')
  if (spoken.length > 0) return spoken
  throw new ClvpError('CLVP_INVALID_ARGUMENT', 'Expected lines of text but received none: name another text')
}

function atLine<T>({ number }: Line, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof ClvpError)) throw error
    throw new ClvpError(error.code, `line ${number}: ${error.message}`, { cause: error })
  }
}

async function finished(
  folder: string,
  manifest: Manifest,
  wanted: Omit<ManifestEntry, 'seconds'>,
): Promise<ManifestEntry | undefined> {
  const known = manifest.get(wanted.file)
  const isSame =
    known && (['text', 'settings', 'seed'] as const).every((each) => known[each] === wanted[each])
  return isSame && (await statIfThere(join(folder, wanted.file), 'a sound')) ? known : undefined
}
