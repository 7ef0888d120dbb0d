/** Shell-style patterns for tensor names: `*`, `?` and `{a,b}`. */
import { ClvpError, describe } from '../lib/base/errors.js'

const MAX_LENGTH = 256

/** Most alternatives after all braces are expanded. */
const MAX_BRANCHES = 256

/**
 * Returns a function that tells whether a pattern matches a whole name. `*` matches any characters, dots included, or
 * none; `?` matches any one character; `{a,b}` matches a or b; other characters match themselves.
 *
 * @throws ClvpError `CLVP_INVALID_ARGUMENT`
 */
export function glob(pattern: string): (name: string) => boolean {
  if (pattern === '' || pattern.length > MAX_LENGTH) {
    throw badPattern(pattern, `its length is not 1 to ${MAX_LENGTH} characters`)
  }
  const branches = expand(pattern)
  return (name) => branches.some((branch) => matches(branch, name))
}

function badPattern(pattern: string, reason: string): ClvpError {
  return new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected a pattern for tensor names, such as dec.blk.*.ffn_down.weight, but received ${describe(pattern)}: ${reason}`,
  )
}

/** `a{b,c}d` becomes `abd` and `acd`. */
function expand(pattern: string): string[] {
  let branches = ['']
  for (const [part, alternatives] of pattern.matchAll(/\{([^{}]*)\}|[^{}]+|[{}]/g)) {
    if (part === '{' || part === '}') throw badPattern(pattern, `it has an unmatched ${part}`)
    const ways = alternatives === undefined ? [part] : alternatives.split(',')
    if (branches.length * ways.length > MAX_BRANCHES)
      throw badPattern(pattern, 'it has too many alternatives')
    branches = branches.flatMap((branch) => ways.map((way) => branch + way))
  }
  return branches
}

/**
 * Backtracks only to the last star, which bounds the time: whatever an earlier star could match, the later one can match
 * too.
 */
function matches(pattern: string, name: string): boolean {
  let at = 0
  let star = -1 // position of the last star
  let taken = 0 // end of what it matches in the name
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
