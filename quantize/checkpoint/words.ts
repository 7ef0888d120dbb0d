/** words.txt: the words that a checkpoint has learned, for one that knows few. No class of transformers or tortoise writes this file. */
import { join } from 'node:path'
import { malformed } from '../../lib/base/errors.js'
import { type Folder, MAX_TEXT_BYTES } from './folder.js'

const WORDS_FILE = 'words.txt'
const WORD = /^[^\s\p{Lu}]{1,64}$/u
const MAX_WORDS = 2 ** 18

/** @returns the words, one a line in the file; undefined if the folder has none */
export async function readWords(source: Folder): Promise<string[] | undefined> {
  const text = await source.text(WORDS_FILE, MAX_TEXT_BYTES)
  if (text === undefined) return undefined
  const path = join(source.path, WORDS_FILE)
  const words = text.split(/\r?\n/).filter((line) => line !== '')
  if (words.length > MAX_WORDS) throw malformed(path, `${words.length} words are more than ${MAX_WORDS}`)
  const bad = words.findIndex((each) => !WORD.test(each))
  if (bad >= 0) {
    const found = JSON.stringify(words[bad]!.slice(0, 60))
    throw malformed(path, `its word ${bad + 1} is ${found}: expected one word a line, in lower case`)
  }
  return words
}
