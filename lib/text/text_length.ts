/** How long a text is at least when it is spoken, counted without normalising it: what cannot fit is refused before that work. */

const COMMA = 0x2c
const POINT = 0x2e
const QUOTE = 0x22
/** "one", "two", "six", "ten": no number is said in less. */
const LEAST_NUMBER = 3

/**
 * A lower bound of `normalizeEnglish(text).length`, exact enough to tell a text of a thousand words from one of ten. It stops counting above
 * `limit`.
 *
 * What the normaliser may drop counts nothing: characters beyond ASCII, double quotes, white space behind white space, and of a number
 * its digits and the commas before them. A number counts as its shortest word, everything else as itself: abbreviations and signs are
 * never shorter when they are spoken.
 */
export function spokenAtLeast(text: string, limit: number): number {
  let count = 0
  let commas = 0 // that count unless a digit follows
  let inSpace = false
  let inNumber = false // a stretch of digits, commas and points that has had a digit
  for (let at = 0; at < text.length && count <= limit; at++) {
    const character = text.charCodeAt(at)
    if (character > 0x7f) continue // gone before anything else is looked at
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

/** As the normaliser's pattern has it. */
function isSpace(character: number): boolean {
  return (character >= 0x09 && character <= 0x0d) || (character >= 0x1c && character <= 0x20)
}
