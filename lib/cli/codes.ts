/** Reads codes from JSON files, which a user or `clvp generate` wrote. */
import { ClvpError } from '../base/errors.js'
import { type FileUse, readWhole } from '../base/files.js'
import { parseJson } from '../base/json.js'
import type { Heard } from './sound.js'

const use: FileUse = { what: 'the codes', maxBytes: 2 ** 28, code: 'CLVP_INVALID_ARGUMENT' }

/** Reads rows of codes. */
export async function readCodes(file: string): Promise<Int32Array[]> {
  const held = await readJson(file)
  const candidates = field(held, 'candidates')
  const rows = Array.isArray(candidates) ? candidates.map((each) => field(each, 'codes')) : held
  if (!Array.isArray(rows) || !rows.every(isRow)) throw bad(file, 'expected an array of arrays of integers')
  return rows.map((row: number[]) => Int32Array.from(row))
}

/**
 * Reads one row of codes for a preview: an array, an object with `codes`, or one candidate of a file from `clvp generate`.
 *
 * @param rank the candidate's rank, from 1 (the best, default)
 */
export async function readHeard(file: string, rank: number | undefined): Promise<Heard> {
  const held = await readJson(file)
  const candidates = field(held, 'candidates')
  if (!Array.isArray(candidates)) {
    if (rank !== undefined) throw bad(file, 'it holds no candidates, so --candidate names none')
    return { title: 'codes', codes: heardRow(file, Array.isArray(held) ? held : field(held, 'codes')) }
  }
  const at = rank ?? 1
  if (!Number.isInteger(at) || at < 1 || at > candidates.length) {
    throw bad(file, `expected a rank from 1 to ${candidates.length} for --candidate but received ${at}`)
  }
  const candidate: unknown = candidates[at - 1]
  const [score, seconds] = [field(candidate, 'score'), field(candidate, 'seconds')]
  const ending = field(candidate, 'finishReason')
  return {
    title: `rank ${at}`,
    codes: heardRow(file, field(candidate, 'drawnCodes') ?? field(candidate, 'codes')),
    ...(typeof score === 'number' && { score }),
    ...(typeof seconds === 'number' && { seconds }),
    ...(typeof ending === 'string' && { finishReason: ending }),
  }
}

async function readJson(file: string): Promise<unknown> {
  const text = (await readWhole(file, use)).toString()
  try {
    return parseJson(text)
  } catch (cause) {
    throw bad(file, (cause as Error).message, cause)
  }
}

function heardRow(file: string, row: unknown): Int32Array {
  if (isRow(row)) return Int32Array.from(row)
  throw bad(file, 'expected an array of integers, { "codes": [...] }, or a file from \'clvp generate --out\'')
}

function bad(file: string, reason: string, cause?: unknown): ClvpError {
  return new ClvpError('CLVP_INVALID_ARGUMENT', `${file} holds no rows of codes: ${reason}`, { cause })
}

function field(value: unknown, name: string): unknown {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>)[name] : undefined
}

function isRow(row: unknown): row is number[] {
  return Array.isArray(row) && row.every((code) => Number.isInteger(code) && Math.abs(code) < 2 ** 31)
}
