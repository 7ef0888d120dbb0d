/** The syntax of repository ids and revisions on the hub. */
import { invalid } from '../base/errors.js'

/** A commit hash on the hub and in its cache. */
const COMMIT = /^[0-9a-f]{40}$/

/**
 * `owner/name`, each of 1 to 96 letters, digits, `_`, `-` and `.`, starting and ending with a letter, a digit or `_`,
 * without `--` and `..`, and not ending with `.git`. A name that ends with `.gguf` is a path: a mistyped path to a model
 * file is not looked up on the hub.
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

/** A branch, a tag or a commit. It becomes a path in the cache, so it must not leave that folder. */
export function readRevision(value: unknown): string {
  const isSound =
    typeof value === 'string' &&
    value.length <= 200 &&
    value.split('/').every((part) => /^\w[\w.+@-]*$/.test(part)) &&
    !value.includes('..')
  if (!isSound) throw invalid('a branch, a tag or a commit', 'revision', value)
  return value
}
