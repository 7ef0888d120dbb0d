/** Packages beside node-clvp that some commands need, and that only their users install. */
import { ClvpError } from '../base/errors.js'

/**
 * Imports a package.
 *
 * @param purpose for the message: 'a server'
 * @throws ClvpError CLVP_UNSUPPORTED if it is not installed
 */
export async function otherPackage(name: string, purpose: string): Promise<unknown> {
  try {
    return await import(name)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'ERR_MODULE_NOT_FOUND' || !message.includes(`'${name}'`)) throw error
    throw new ClvpError(
      'CLVP_UNSUPPORTED',
      `Expected the package ${name} for ${purpose} but it is not installed: run npm install ${name}`,
      { cause: error },
    )
  }
}
