import { readFile } from 'node:fs/promises'
import { failIo } from '../../lib/base/files.js'
import { packageFile } from '../../lib/base/package_root.js'
import { type Folder, missing } from './folder.js'
import type { Tokenizer } from './tokens.js'

/** tortoise's tokenizer and mel norms: scripts/tortoise_data.mjs makes the file, THIRD_PARTY_NOTICES.md says whose they are. */
interface TortoiseData extends Tokenizer {
  readonly melNorms: readonly number[]
}

/** What every checkpoint of tortoise was trained with, and none contains. */
export async function tortoiseData(): Promise<TortoiseData> {
  const file = packageFile('quantize', 'data', 'tortoise.json')
  const text = await readFile(file, 'utf8').catch((error) => failIo(file, error))
  return JSON.parse(text) as TortoiseData
}

/**
 * tortoise's tokenizer for a checkpoint without one.
 *
 * @param words rows of the text embedding: one for each token, and the start of a text
 * @throws ClvpError `CLVP_MODEL_FORMAT` if the checkpoint was trained with another tokenizer
 */
export async function ownTokenizer(source: Folder, words: number): Promise<Tokenizer> {
  const { tokens, merges } = await tortoiseData()
  if (words === tokens.length + 1) return { tokens, merges }
  throw missing(
    source.path,
    'tokenizer.json',
    `: it has embeddings for ${words} text tokens, but tortoise's own tokenizer is for ${tokens.length + 1}. ` +
      'Put the tokenizer.json that it was trained with beside it',
  )
}
