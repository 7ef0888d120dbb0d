/** Patterns over tensors' names, as the shell has them over files': `*`, `?` and `{a,b}`. */
import { ClvpError, describe } from '../lib/base/errors.js'

const MAX_LENGTH = 256

/** Of alternatives, all braces multiplied. */
const MAX_BRANCHES = 256

/**
 * Says which names a pattern stands for, from their first character to their last. `*` is any run of characters, dots and
 * the empty one included, `?` any one, `{a,b}` a or b; all others are themselves.
 *
 * @throws ClvpError `CLVP_INVALID_ARGUMENT`
 */
export function glob(pattern: string): (name: string) => boolean {
  if (pattern === '' || pattern.length > MAX_LENGTH) {
    throw malformed(pattern, `it has not 1 to ${MAX_LENGTH} characters`)
  }
  const branches = expand(pattern)
  return (name) => branches.some((branch) => matches(branch, name))
}

function malformed(pattern: string, reason: string): ClvpError {
  return new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected a pattern of tensors' names, such as dec.blk.*.ffn_down.weight, but received ${describe(pattern)}: ${reason}`,
  )
}

/** `a{b,c}d` becomes `abd` and `acd`. */
function expand(pattern: string): string[] {
  let branches = ['']
  for (const [part, alternatives] of pattern.matchAll(/\{([^{}]*)\}|[^{}]+|[{}]/g)) {
    if (part === '{' || part === '}') throw malformed(pattern, `a ${part} stands alone`)
    const ways = alternatives === undefined ? [part] : alternatives.split(',')
    if (branches.length * ways.length > MAX_BRANCHES) throw malformed(pattern, 'it has too many alternatives')
    branches = branches.flatMap((branch) => ways.map((way) => branch + way))
  }
  return branches
}

/**
 * Only the last star needs to be gone back to, so no pattern takes long: an earlier star could take no more than what
 * the later one can take too.
 */
function matches(pattern: string, name: string): boolean {
  let at = 0
  let star = -1 // where the last one is
  let taken = 0 // up to here it takes the name
  for (let i = 0; i < name.length; ) {
    if (pattern[at] === '*') {
      star = at++
      taken = i
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === name[i])) {
      at++
      i++
    } else if (star >= 0) {
      at = star + 1
      i = ++taken
    } else {
      return false
    }
  }
  while (pattern[at] === '*') at++
  return at === pattern.length
}
