import { open, rename, rm } from 'node:fs/promises'
import { ClvpError } from './errors.js'

/** Writes a file in one piece: under a temporary name beside it, synced, then renamed. */
export async function writeWhole(target: string, data: string | Uint8Array): Promise<void> {
  const temporary = `${target}.${process.pid}.tmp`
  try {
    const file = await open(temporary, 'wx')
    try {
      await file.writeFile(data)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, target)
  } catch (cause) {
    await rm(temporary, { force: true })
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ClvpError('CLVP_IO', `${target} could not be written: ${reason}`, { cause })
  }
}
