import { randomBytes } from 'node:crypto'
import { open, rename } from 'node:fs/promises'
import { ClvpError } from './errors.js'
import { removeQuietly } from './files.js'

/** Writes a file in one piece: under a temporary name beside it, synced, then renamed. */
export async function writeWhole(target: string, data: string | Uint8Array): Promise<void> {
  const temporary = `${target}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`
  let made = false
  try {
    const file = await open(temporary, 'wx')
    made = true
    try {
      await file.writeFile(data)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, target)
  } catch (cause) {
    if (made) await removeQuietly(temporary)
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ClvpError('CLVP_IO', `${target} could not be written: ${reason}`, { cause })
  }
}
