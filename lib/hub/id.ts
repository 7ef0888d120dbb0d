/** Which strings name a repository of the hub, and which name one of its revisions. */
import { invalid } from '../base/errors.js'

/** A commit as the hub and its cache write it. */
const COMMIT = /^[0-9a-f]{40}$/

/**
 * `owner/name`, each of 1 to 96 letters, digits, `_`, `-` and `.`, beginning and ending with a letter, a digit or `_`, without
 * `--` and `..`, and not ending with `.git`. A name that ends with `.gguf` is a model file's, so a slip in a path stays one.
 */
export function isHubId(source: string): boolean {
  const part = '\\w(?:[\\w.-]{0,94}\\w)?'
  return (
    new RegExp(`^${part}/${part}$`).test(source) && !/--|\.\./.test(source) && !/\.(git|gguf)$/i.test(source)
  )
}

export function isCommit(value: unknown): value is string {
  return typeof value === 'string' && COMMIT.test(value)
}

/** A branch, a tag or a commit. It becomes a path in the cache, so nothing in it may lead elsewhere. */
export function readRevision(value: unknown): string {
  const isSound =
    typeof value === 'string' &&
    value.length <= 200 &&
    value.split('/').every((part) => /^\w[\w.+@-]*$/.test(part)) &&
    !value.includes('..')
  if (!isSound) throw invalid('a branch, a tag or a commit', 'revision', value)
  return value
}
