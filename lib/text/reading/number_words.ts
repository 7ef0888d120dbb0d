/**
 * Numbers in English words. Numbers are strings of digits, since they may be longer than any number type
 * holds.
 */

export const BELOW_TWENTY: readonly string[] = (
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen ' +
  'seventeen eighteen nineteen'
).split(' ')
const TENS = '- - twenty thirty forty fifty sixty seventy eighty ninety'.split(' ')
const SCALES =
  ' thousand million billion trillion quadrillion quintillion sextillion septillion octillion nonillion decillion'.split(
    ' ',
  )
const IRREGULAR_ORDINALS: ReadonlyMap<string, string> = new Map([
  ['one', 'first'],
  ['two', 'second'],
  ['three', 'third'],
  ['five', 'fifth'],
  ['eight', 'eighth'],
  ['nine', 'ninth'],
  ['twelve', 'twelfth'],
])

/** Numbers of more digits have no name here. */
export const MOST_DIGITS = 3 * SCALES.length

/**
 * The groups of three digits in words, with their scale, the largest first; groups of zeros are left out.
 *
 * @param and stands between the hundreds and the rest
 */
export function groupsInWords(digits: string, and = ' '): string[] {
  const significant = withoutLeadingZeros(digits)
  const said = []
  for (let scale = Math.ceil(significant.length / 3) - 1; scale >= 0; scale--) {
    const end = significant.length - 3 * scale
    const group = Number(significant.slice(Math.max(0, end - 3), end))
    if (group > 0) said.push([belowThousand(group, and), SCALES[scale]].filter(Boolean).join(' '))
  }
  return said.length > 0 ? said : [BELOW_TWENTY[0]!]
}

/** "twelve thousand, three hundred forty-five", "three thousand one"; at most {@link MOST_DIGITS} digits. */
export function cardinal(digits: string, and = ' '): string {
  const groups = groupsInWords(digits, and)
  // No comma before a last group without hundreds.
  const short = groups.length > 1 && /[1-9]/.test(digits.slice(-2)) && digits.at(-3) === '0'
  const last = short ? `${and}${groups.pop()!}` : ''
  return groups.join(', ') + last
}

/** "twenty-first", "one hundred and first"; at most {@link MOST_DIGITS} digits. */
export function ordinal(digits: string): string {
  return cardinal(digits, ' and ').replace(/[a-z]+$/, (last) => {
    return IRREGULAR_ORDINALS.get(last) ?? (last.endsWith('y') ? `${last.slice(0, -1)}ieth` : `${last}th`)
  })
}

/**
 * A year of four digits from 1000 to 2999: "nineteen ninety-nine", "nineteen oh five", "two thousand five".
 */
export function year(value: number): string {
  const rest = value % 100
  if (value % 1000 < 10) return cardinal(String(value))
  const century = belowThousand(Math.floor(value / 100))
  if (rest === 0) return `${century} hundred`
  return rest < 10 ? `${century} oh ${BELOW_TWENTY[rest]!}` : `${century} ${belowThousand(rest)}`
}

/** Each digit by itself: "two zero five". */
export function digitByDigit(digits: string): string {
  return Array.from(digits, (digit) => BELOW_TWENTY[Number(digit)]!).join(' ')
}

/** 1 to 999 in words. */
export function belowThousand(value: number, and = ' '): string {
  if (value < 20) return BELOW_TWENTY[value]!
  if (value < 100) {
    const tens = TENS[Math.floor(value / 10)]!
    return value % 10 === 0 ? tens : `${tens}-${BELOW_TWENTY[value % 10]!}`
  }
  const hundreds = `${BELOW_TWENTY[Math.floor(value / 100)]!} hundred`
  return value % 100 === 0 ? hundreds : `${hundreds}${and}${belowThousand(value % 100)}`
}

export function withoutLeadingZeros(digits: string): string {
  return digits.replace(/^0+/, '')
}
