/** Refuses damaged input: a file made from it would get valid checksums, and a measurement of it would mislead. */
import { ClvpError } from '../base/errors.js'
import { scanModel } from './jobs.js'

/**
 * Reads a whole model file as `verifyModel` does.
 *
 * @throws ClvpError CLVP_MODEL_FORMAT that says what is wrong with it
 */
export async function requireSound(file: string, options: Parameters<typeof scanModel>[1]): Promise<void> {
  const { faults } = await scanModel(file, options)
  const [first] = faults
  if (!first) return
  const where = first.tensor === '' ? '' : `tensor ${first.tensor}: `
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more faults)` : ''
  throw new ClvpError(
    'CLVP_MODEL_FORMAT',
    `${file} is damaged: ${where}${first.what}${more}. 'clvp verify' lists all faults`,
  )
}
