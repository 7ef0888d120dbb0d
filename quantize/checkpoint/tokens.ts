import { join } from 'node:path'
import { ClvpError, describe, malformed } from '../../lib/base/errors.js'
import { parseMerges } from '../../lib/text/vocabulary.js'
import { asObject, type Folder, MAX_TEXT_BYTES, missing } from './folder.js'
import type { JsonObject } from './section.js'

/** CLVP's vocabulary has 255 tokens. The limit prevents one large id from allocating a large table. */
const MAX_TOKENS = 2 ** 18
const MAX_TOKEN_LENGTH = 1024

export interface Tokenizer {
  /** By id; `''` where no token has it. */
  readonly tokens: readonly string[]
  /** Highest priority first: `'t h'`. */
  readonly merges: readonly string[]
  /** The token for unknown characters, if tokenizer.json names another than CLVP's. */
  readonly unknown?: string | undefined
}

/** How CLVP's tokenizer calls unknown characters. */
const UNKNOWN = '[UNK]'

/**
 * Reads `vocab.json` and `merges.txt`, or the same data from `tokenizer.json`.
 *
 * @param own gives the tokenizer of a checkpoint that has none of these files
 */
export async function readTokenizer(
  source: Folder,
  own: (() => Promise<Tokenizer>) | undefined,
): Promise<Tokenizer> {
  const vocab = await source.object('vocab.json', MAX_TEXT_BYTES)
  const merges = await source.text('merges.txt', MAX_TEXT_BYTES)
  if (vocab && merges !== undefined) {
    return {
      tokens: tokensById(Object.entries(vocab.json), join(source.path, 'vocab.json')),
      merges: checkedMerges(parseMerges(merges), join(source.path, 'merges.txt')),
    }
  }
  const fast = await source.object('tokenizer.json', MAX_TEXT_BYTES)
  if (fast) return readFast(fast.json, join(source.path, 'tokenizer.json'))
  if (own && !vocab && merges === undefined) return own()
  throw missing(source.path, vocab ? 'merges.txt' : 'vocab.json', ', and so is tokenizer.json')
}

/** The contents of a tokenizer.json. */
function readFast(json: JsonObject, path: string): Tokenizer {
  const model = asObject(json.model, `${path}: model`)
  if (model.type !== undefined && model.type !== 'BPE') {
    throw new ClvpError(
      'CLVP_UNSUPPORTED',
      `${path}: a ${describe(model.type)} model is not a byte-pair encoding`,
    )
  }
  if (!Array.isArray(model.merges)) throw malformed(path, 'its model has no merges')
  const vocab = asObject(model.vocab, `${path}: model.vocab`)
  const unknown = model.unk_token
  return {
    tokens: tokensById([...Object.entries(vocab), ...addedTokens(json.added_tokens, vocab, path)], path),
    merges: checkedMerges(model.merges, path),
    ...(typeof unknown === 'string' && unknown !== UNKNOWN && unknown !== '' && { unknown }),
  }
}

/** The tokens that only `added_tokens` lists, with their ids. */
function addedTokens(added: unknown, vocab: JsonObject, path: string): [string, unknown][] {
  if (added === undefined || added === null) return []
  if (!Array.isArray(added)) throw malformed(path, `its added_tokens are ${describe(added)}, not an array`)
  const entries = added.map((each, i): [string, unknown] => {
    const { content, id } = asObject(each, `${path}: added_tokens[${i}]`)
    if (typeof content !== 'string')
      throw malformed(path, `added_tokens[${i}] has the content ${describe(content)}`)
    if (Object.hasOwn(vocab, content) && vocab[content] !== id) {
      const token = JSON.stringify(content.slice(0, 60))
      throw malformed(
        path,
        `the added token ${token} has the id ${id}, but ${vocab[content]} in the vocabulary`,
      )
    }
    return [content, id]
  })
  return entries.filter(([content]) => !Object.hasOwn(vocab, content))
}

/** Merges as `'a b'` strings, from strings or pairs. */
function checkedMerges(merges: unknown[], path: string): string[] {
  if (merges.length > MAX_TOKENS) throw malformed(path, `${merges.length} merges are more than ${MAX_TOKENS}`)
  return merges.map((merge) => {
    const parts = typeof merge === 'string' ? merge.trim().split(/\s+/) : merge
    if (Array.isArray(parts) && parts.length === 2 && parts.every(isMergePart)) return parts.join(' ')
    throw malformed(
      path,
      `the merge ${describe(merge)} does not have two parts of 1 to ${MAX_TOKEN_LENGTH} characters`,
    )
  })
}

function isMergePart(part: unknown): boolean {
  return typeof part === 'string' && part.length <= MAX_TOKEN_LENGTH && /^\S+$/.test(part)
}

function tokensById(vocab: Iterable<[string, unknown]>, path: string): string[] {
  const tokens: string[] = []
  for (const [token, id] of vocab) {
    if (token === '' || token.length > MAX_TOKEN_LENGTH) {
      throw malformed(path, `a token has ${token.length} characters; 1 to ${MAX_TOKEN_LENGTH} are allowed`)
    }
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= MAX_TOKENS) {
      throw malformed(
        path,
        `expected an id below ${MAX_TOKENS} for ${describe(token)} but found ${describe(id)}`,
      )
    }
    if (tokens[id] !== undefined) {
      throw malformed(path, `${describe(tokens[id])} and ${describe(token)} have the same id ${id}`)
    }
    tokens[id] = token
  }
  if (tokens.length === 0) throw malformed(path, 'it has no tokens')
  return Array.from(tokens, (token) => token ?? '')
}
