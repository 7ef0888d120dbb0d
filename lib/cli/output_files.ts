/** The files that a command writes beside its result: checked before the work, and never a reason to lose the result. */
import { extname } from 'node:path'
import { ClvpError } from '../base/errors.js'
import { requireWritable } from '../base/files.js'
import { type Output, UsageError } from './command.js'

/**
 * Checks that the file of a flag or argument can be written, before the work for it.
 *
 * @param name for messages: '--plot'
 * @param suffix that the file's name must have
 * @throws UsageError for another suffix, ClvpError CLVP_IO
 */
export async function needOutput(name: string, file: string, suffix: `.${string}`): Promise<void> {
  if (extname(file).toLowerCase() !== suffix) {
    const advice = file === '-' ? ': --json prints to stdout' : ''
    throw new UsageError(`${name} takes a file that ends with ${suffix}, not '${file}'${advice}`)
  }
  await requireWritable(file)
}

/** The files that a command has written after its work, or could not write. */
export class OutputFiles {
  readonly #written: string[] = []
  readonly #failures: string[] = []

  /** Writes a file, if it was asked for. If the system refuses, the result is still printed. */
  async write(file: string | undefined, work: (file: string) => Promise<unknown>): Promise<void> {
    if (file === undefined) return
    try {
      await work(file)
      this.#written.push(file)
    } catch (error) {
      if (!(error instanceof ClvpError && error.code === 'CLVP_IO')) throw error
      this.#failures.push(error.message)
    }
  }

  /** The result with what was written, and with status 1 if something could not be. */
  tell(output: Output): Output {
    const written = this.#written.length > 0 ? `\n\nwrote ${this.#written.join(', ')}` : ''
    return {
      ...output,
      text: `${output.text}${written}`,
      ...(this.#failures.length > 0 && { status: 1 }),
      warnings: [...(output.warnings ?? []), ...this.#failures],
    }
  }
}
