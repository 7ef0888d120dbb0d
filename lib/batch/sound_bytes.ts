/** A sound as the bytes of a file of any format. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BitDepth } from '../audio/output/pcm.js'
import type { SoundFormat } from '../audio/output/sound_format.js'
import type { Sound } from '../audio/sound.js'

interface BytesOptions {
  bitDepth: BitDepth | undefined
  signal: AbortSignal
}

/** Formats that ffmpeg writes go through a temporary file. */
export async function soundBytes(
  sound: Sound,
  format: SoundFormat,
  { bitDepth, signal }: BytesOptions,
): Promise<Uint8Array> {
  const options = { ...(bitDepth !== undefined && { bitDepth }), signal }
  if (format === 'wav') return sound.toWav(options)
  if (format === 'flac') return sound.toFlac(options)
  const folder = await mkdtemp(join(tmpdir(), 'clvp-batch-'))
  try {
    const path = join(folder, `sound.${format}`)
    await sound.save(path, options)
    return await readFile(path)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
