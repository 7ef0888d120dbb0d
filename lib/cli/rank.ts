import { readFile } from 'node:fs/promises'
import { ClvpError } from '../errors.js'
import type { Command } from './command.js'
import { modelFlags, withModel } from './model.js'
import { table } from './table.js'

export const rank: Command = {
  name: 'rank',
  args: 'MODEL TEXT CODES.json',
  summary: 'Score rows of codes against a text, best first',
  details: "CODES.json holds an array of rows ([[1, 2, ...], ...]), or what 'clvp generate --out' wrote.",
  flags: { ...modelFlags },
  async run(args, context) {
    const rows = await readCodes(args.positional(2, 'CODES.json'))
    const text = args.positional(1, 'TEXT')
    return withModel(args.positional(0, 'MODEL'), args, context, async (clvp) => {
      const ranked = await clvp.rank(text, rows, { signal: context.signal })
      const body = ranked.map(({ index, score }, i) => [String(i + 1), String(index), score.toFixed(4)])
      return { text: table([['rank', 'row', 'score'], ...body]), json: ranked }
    })
  },
}

/** Rows of codes from a JSON file. */
export async function readCodes(file: string): Promise<Int32Array[]> {
  const bad = (reason: string, cause?: unknown) =>
    new ClvpError('CLVP_INVALID_ARGUMENT', `${file} holds no rows of codes: ${reason}`, { cause })
  let held: unknown
  try {
    held = JSON.parse(await readFile(file, 'utf8'))
  } catch (cause) {
    if (cause instanceof SyntaxError) throw bad(cause.message, cause)
    throw new ClvpError('CLVP_IO', `${file} could not be read: ${(cause as Error).message}`, { cause })
  }
  const candidates = (held as { candidates?: unknown } | null)?.candidates
  const rows = Array.isArray(candidates) ? candidates.map((each) => each?.codes) : held
  const isCode = (code: unknown) => Number.isInteger(code) && Math.abs(code as number) < 2 ** 31
  if (!Array.isArray(rows) || !rows.every((row) => Array.isArray(row) && row.every(isCode))) {
    throw bad('expected an array of arrays of integers')
  }
  return rows.map((row: number[]) => Int32Array.from(row))
}
