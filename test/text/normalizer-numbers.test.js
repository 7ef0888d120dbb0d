// Numbers are said as the reference says them, its odd forms included.
import t from 'tap'
import { normalizeEnglish } from '../../dist/lib/text/reading/reference_rules.js'

function says(t, cases) {
  for (const [text, spoken] of Object.entries(cases)) t.equal(normalizeEnglish(text), spoken, text)
}

t.test('whole numbers', async (t) => {
  says(t, {
    0: 'zero',
    '000': 'zero',
    7: 'seven',
    '007': 'seven',
    10: 'ten',
    19: 'nineteen',
    20: 'twenty',
    42: 'forty-two',
    100: 'one hundred',
    101: 'one hundred one',
    999: 'nine hundred ninety-nine',
    1000: 'one thousand',
    12345: 'twelve thousand, three hundred forty-five',
    1000000: 'one million',
    1000001: 'one million, one',
    5000300000: 'five billion, three hundred thousand',
    7000000000000: 'seven trillion',
  })
})

t.test('numbers that are read as years', async (t) => {
  says(t, {
    1001: 'one thousand, one',
    1100: 'eleven hundred',
    1999: 'one thousand, nine hundred ninety-nine',
    1900: 'nineteen hundred',
    2000: 'two thousand',
    '02000': 'two thousand',
    2001: 'two thousand one',
    2009: 'two thousand nine',
    2010: 'two thousand, ten',
    2100: 'twenty-one hundred',
    2999: 'two thousand, nine hundred ninety-nine',
    3000: 'three thousand',
  })
})

t.test('the largest number, and what lies beyond', async (t) => {
  const nines = 'nine hundred ninety-nine'
  const largest = [' quadrillion, ', ' trillion, ', ' billion, ', ' million, ', ' thousand, ', '']
  t.equal(normalizeEnglish('9'.repeat(18)), largest.map((scale) => nines + scale).join(''))
  t.equal(normalizeEnglish(`000${'9'.repeat(18)}`), normalizeEnglish('9'.repeat(18)))
  says(t, {
    1000000000000000000: 'number out of range',
    '1000000000000000000th': 'number out of rangeth',
  })
  // Python refuses to read so many digits; there is an answer here.
  t.equal(normalizeEnglish('7'.repeat(5000)), 'number out of range')
})

t.test('commas in numbers', async (t) => {
  says(t, {
    '1,000': 'one thousand',
    '1,2': 'twelve',
    '1,,2': 'twelve',
    '1,234,567,': `${normalizeEnglish('1234567')},`,
    ',1': ',one',
    '1, 2': 'one, two',
    '11,': 'eleven,',
  })
})

t.test('decimals', async (t) => {
  says(t, {
    3.14: 'three point fourteen',
    0.05: 'zero point five',
    '1.2.3': 'one point two.three',
    '1.2.3.4': 'one point two.three point four',
    '1.': 'one.',
    '.5': '.five',
  })
})

t.test('ordinals', async (t) => {
  says(t, {
    '1st': 'onest',
    '2ND': 'twond',
    '3rd': 'threerd',
    '4th': 'fourth',
    '11st': 'eleventh',
    '12nd': 'twelveth',
    '20th': 'twentyth',
    '21th': 'twenty-onest',
    '111th': 'one hundred eleventh',
    '121st': 'one hundred twenty-onest',
    '0th': 'zeroth',
    '1.2nd': 'one point twond',
    '5thing': 'fivething',
  })
})
