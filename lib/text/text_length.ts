/** A lower bound of a normalised text's length, found without normalising, to reject long texts early. */

const COMMA = 0x2c
const POINT = 0x2e
const QUOTE = 0x22
/** "one", "two", "six", "ten": no number word is shorter. */
const LEAST_NUMBER = 3

/**
 * A lower bound of `normalizeEnglish(text).length`, tight enough to tell a text of a thousand words from one of
 * ten. It stops counting above `limit`.
 *
 * What the normaliser may drop is not counted: characters beyond ASCII, double quotes, white space after white
 * space, digits, and commas before digits. A number counts as the shortest number word. Everything else counts
 * as itself: abbreviations and signs never become shorter.
 */
export function spokenAtLeast(text: string, limit: number): number {
  let count = 0
  let commas = 0 // counted unless a digit follows
  let inSpace = false
  let inNumber = false // in a run of digits, commas and points that contains a digit
  for (let at = 0; at < text.length && count <= limit; at++) {
    const character = text.charCodeAt(at)
    if (character > 0x7f) continue // the normaliser drops these first
    const isDigit = character >= 0x30 && character <= 0x39
    if (!isDigit && character !== COMMA && character !== POINT) {
      count += commas
      commas = 0
      inNumber = false
    }
    if (isDigit) {
      if (!inNumber) count += LEAST_NUMBER
      commas = 0
      inNumber = true
    } else if (character === COMMA) commas++
    else if (isSpace(character)) count += inSpace ? 0 : 1
    else if (character !== QUOTE) count++
    inSpace = isSpace(character)
  }
  return count + commas
}

/** Matches the same characters as the normaliser's pattern. */
function isSpace(character: number): boolean {
  return (character >= 0x09 && character <= 0x0d) || (character >= 0x1c && character <= 0x20)
}
