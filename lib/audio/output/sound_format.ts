/** The formats that sound is saved in. */
import { extname } from 'node:path'
import { invalid } from '../../base/errors.js'
import { choice } from '../../base/kinds.js'

/** wav and flac are written by this package, the others by ffmpeg; ogg is Vorbis. */
export const soundFormats = ['wav', 'flac', 'mp3', 'opus', 'ogg'] as const

export type SoundFormat = (typeof soundFormats)[number]

export const soundFormatKind = choice(soundFormats, 'FORMAT')

/**
 * The format of a new file: `given`, or that of the name's extension.
 *
 * @throws ClvpError CLVP_INVALID_ARGUMENT for an extension that says nothing, or something else than `given`
 */
export function formatOf(file: string, given: SoundFormat | undefined): SoundFormat {
  const extension = extname(file).slice(1).toLowerCase()
  const named = soundFormats.find((each) => each === extension)
  if (named && given && named !== given) throw invalid(`a name that ends in .${given}`, 'path', file)
  const format = given ?? named
  if (format) return format
  const known = soundFormats.map((each) => `.${each}`).join(', ')
  throw invalid(`a name that ends in one of ${known}, or the option format,`, 'path', file)
}
