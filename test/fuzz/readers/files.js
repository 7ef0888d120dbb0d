/** Inputs that are several small files in one run of bytes. */
import { ClvpError } from '../../../dist/lib/base/errors.js'

/** Never part of UTF-8, so that it can stand between the files. */
const BORDER = 0xff

/** The bytes of texts, in the order of a target's names; a text that is not given is empty. */
export function packFiles(names, texts) {
  return Buffer.concat(
    names.flatMap((name, i) => [...(i > 0 ? [Buffer.of(BORDER)] : []), Buffer.from(texts[name] ?? '')]),
  )
}

/** The files of an input by name. */
export function unpackFiles(names, bytes) {
  const files = {}
  let start = 0
  for (const name of names) {
    const border = bytes.indexOf(BORDER, start)
    const end = border < 0 || name === names.at(-1) ? bytes.length : border
    files[name] = bytes.subarray(start, end)
    start = Math.min(bytes.length, end + 1)
  }
  return files
}

/**
 * Runs several readers of one input, each of which may refuse it; the first refusal is thrown when all have
 * run.
 */
export async function runAll(readers) {
  const refusals = []
  for (const read of readers) {
    try {
      await read()
    } catch (error) {
      if (!(error instanceof ClvpError)) throw error
      refusals.push(error)
    }
  }
  if (refusals.length > 0) throw refusals[0]
}
