/** Reads and checks a tokenizer's files, vocab.json and merges.txt. */
import { path } from '../base/check.js'
import { ClvpError, describe, invalid } from '../base/errors.js'
import { type FileUse, readWhole } from '../base/files.js'
import { parseJson } from '../base/json.js'

const use: FileUse = { what: 'the tokenizer', maxBytes: 8 * 2 ** 20, code: 'CLVP_MODEL_FORMAT' }
const MAX_LINES = 2 ** 18
/** Ids are 32-bit integers. */
const MAX_ID = 2 ** 31 - 1

/**
 * Returns a vocabulary as a map and checks that its ids are distinct and in range.
 *
 * @throws ClvpError `CLVP_INVALID_ARGUMENT` when it is not an object, `CLVP_MODEL_FORMAT` for invalid contents
 */
export function readVocab(vocab: unknown): ReadonlyMap<string, number> {
  if (!isRecord(vocab)) throw invalid('an object of tokens and ids', 'vocab', vocab)
  const ids = new Map<string, number>()
  const tokens = new Map<number, string>()
  for (const [token, id] of Object.entries(vocab)) {
    if (!isId(id)) {
      throw modelFormat(
        `vocab gives ${JSON.stringify(token)} the id ${describe(id)}; an id is a whole number from 0 to ${MAX_ID}`,
      )
    }
    const other = tokens.get(id)
    if (other !== undefined) {
      throw modelFormat(
        `vocab gives the id ${id} to both ${JSON.stringify(other)} and ${JSON.stringify(token)}`,
      )
    }
    ids.set(token, id)
    tokens.set(id, token)
  }
  if (ids.size === 0) throw modelFormat('the vocabulary holds no tokens')
  return ids
}

/** Special tokens missing from the vocabulary get the ids after its size; the others keep theirs. */
export function addSpecialTokens(
  vocab: ReadonlyMap<string, number>,
  tokens: readonly string[],
): ReadonlyMap<string, number> {
  let nextId = vocab.size
  return new Map(tokens.map((token) => [token, vocab.get(token) ?? nextId++]))
}

/** The two parts of a merge. */
export function splitMerge(merge: unknown, index: number): readonly [string, string] {
  const parts = typeof merge === 'string' ? merge.trim().split(/\s+/) : []
  const [first, second] = parts
  if (parts.length !== 2 || !first || !second) {
    throw modelFormat(`merges[${index}] is ${describe(merge)}; a merge is two parts separated by a space`)
  }
  return [first, second]
}

/** Parses a vocab.json; {@link readVocab} checks its ids. */
export function parseVocab(text: string): Readonly<Record<string, number>> {
  let vocab: unknown
  try {
    vocab = parseJson(text)
  } catch (cause) {
    throw modelFormat(`the vocabulary is not valid JSON: ${(cause as Error).message}`, { cause })
  }
  if (!isRecord(vocab)) throw modelFormat(`the vocabulary is ${describe(vocab)}; it must be one JSON object`)
  return vocab as Record<string, number>
}

/**
 * The merges of a merges.txt, highest priority first. Published files start with a version line. transformers 5 saves
 * files without it, and then skips the first merge when it reads them. This reader accepts both.
 */
export function parseMerges(text: string): string[] {
  const lines = text.split(/\r\n|\r|\n/, MAX_LINES + 1) // millions of lines would need far more memory than the text
  if (lines.length > MAX_LINES) throw modelFormat(`merges.txt has more than ${MAX_LINES} lines`)
  if (/^\ufeff?#version/.test(lines[0]!)) lines.shift()
  return lines.filter((line) => line.trim() !== '')
}

/** Reads a file as text and checks that it is UTF-8. */
export async function readText(file: string, name: string): Promise<string> {
  const checked = path(file, name)
  const bytes = await readWhole(checked, use)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw modelFormat(`${file} is not UTF-8 text`, { cause })
  }
}

function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_ID
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)
}

export function modelFormat(message: string, options?: ErrorOptions): ClvpError {
  return new ClvpError('CLVP_MODEL_FORMAT', `Malformed tokenizer: ${message}`, options)
}
