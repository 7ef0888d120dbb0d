/** Texts and voices for the commands that run a model on many of them. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ClvpError } from '../base/errors.js'
import { type FileUse, failIo, failOpen, kindOf, readWhole, wrongKind } from '../base/files.js'
import type { Arguments, Flag } from './command.js'

export const voicesFlag: Flag = {
  value: 'PATH',
  multiple: true,
  help: 'a clip or a folder of clips, each a voice for texts in turn; repeatable (default: demo)',
}

export const sampleFlags: Record<string, Flag> = {
  texts: { value: 'FILE', help: 'a text file with a text on each line' },
  voices: voicesFlag,
  candidates: { value: 'N', short: 'n', help: 'candidates drawn for each text' },
  'max-tokens': { value: 'N', help: 'most codes of a candidate' },
  seed: { value: 'N', help: 'seed of the first text, 0 to 2^53 - 10001 (default: 0)' },
}

const use: FileUse = { what: 'the texts', maxBytes: 2 ** 22, code: 'CLVP_IO' }
const isClip = /\.(wav|mp3|flac|ogg)$/i

/** The texts of a file. */
export async function readTexts(file: string): Promise<string[]> {
  const text = (await readWhole(file, use)).toString()
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
  if (lines.length === 0) {
    throw new ClvpError('CLVP_INVALID_ARGUMENT', `Expected a text on each line of ${file} but it holds none`)
  }
  return lines
}

/** Paths of the clips, if --voices was given: a folder stands for the clips in it, in the order of their names. */
export async function readVoices(args: Arguments): Promise<string[] | undefined> {
  const paths = args.texts('voices')
  if (paths.length === 0) return undefined
  const clips: string[] = []
  for (const path of paths) {
    const expected = 'a clip or a folder of clips'
    const info = await stat(path).catch((error) => failOpen(path, expected, error))
    if (info.isFile()) {
      clips.push(path)
      continue
    }
    if (!info.isDirectory()) throw wrongKind(path, expected, kindOf(info))
    const inside = (await readdir(path).catch((error) => failIo(path, error)))
      .filter((name) => isClip.test(name))
      .sort()
    if (inside.length === 0) {
      throw new ClvpError(
        'CLVP_INVALID_ARGUMENT',
        `Expected clips (.wav, .mp3, .flac, .ogg) in ${path} but found none`,
      )
    }
    clips.push(...inside.map((name) => join(path, name)))
  }
  return clips
}
