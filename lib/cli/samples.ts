/** Texts and voices for the commands that run a model on many of them. */
import { clipFiles } from '../audio/clips.js'
import { ClvpError } from '../base/errors.js'
import { type FileUse, readWhole } from '../base/files.js'
import type { Arguments, Flag, Flags } from './command.js'

export const voicesFlag: Flag = {
  value: 'PATH',
  multiple: true,
  help: 'a clip or folder of clips; texts use the voices in turn; repeatable (default: demo)',
}

export const textsFlags: Flags = {
  texts: { value: 'FILE', help: 'a text file with one text per line' },
  voices: voicesFlag,
}

const use: FileUse = { what: 'the texts', maxBytes: 2 ** 22, code: 'CLVP_IO' }

/** Reads a text file with one text per line. */
export async function readTexts(file: string): Promise<string[]> {
  const text = (await readWhole(file, use)).toString()
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
  if (lines.length === 0) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected one text per line in ${file} but it holds none: name another file`,
    )
  }
  return lines
}

/** Paths of the clips, if --voices was given. A folder stands for its clips, ordered by name. */
export async function readVoices(args: Arguments): Promise<string[] | undefined> {
  const paths = args.texts('voices')
  if (paths.length === 0) return undefined
  const clips: string[] = []
  for (const path of paths) clips.push(...(await clipFiles(path)))
  return clips
}
