// Amounts of money, the well-formed and the others.
import t from 'tap'
import { normalizeEnglish } from '../../dist/lib/text/reading/reference_rules.js'

function says(t, cases) {
  for (const [text, spoken] of Object.entries(cases)) t.equal(normalizeEnglish(text), spoken, text)
}

t.test('dollars and cents', async (t) => {
  says(t, {
    $1: 'one dollar',
    $5: 'five dollars',
    '$1.01': 'one dollar, one cent',
    '$2.50': 'two dollars, fifty cents',
    '$1,000.50': 'one thousand dollars, fifty cents',
    '$0.01': 'one cent',
    '$.75': 'seventy-five cents',
    $0: 'zero dollars',
    '$0.00': 'zero dollars',
    '$5.': 'five dollars.',
    '$5 million': 'five dollars million',
    '$1.005': 'one dollar, five cents',
  })
})

t.test('amounts of odd form', async (t) => {
  says(t, {
    $: '$',
    '$ 5': '$ five',
    $$5: '$five dollars',
    '$1.2.3': 'one point two.three dollars',
    '$1..2': 'one..two dollars',
    $1st: 'one dollarst',
  })
})

t.test('commas that Python cannot read as a number are ignored', async (t) => {
  says(t, { '$,5': 'five dollars', '$5,.5': 'five dollars, five cents', '$,.5': 'five cents' })
})

t.test('the pound sign is gone before pounds could be said', async (t) => {
  says(t, { '£5': 'five', '£1,000': 'one thousand', '€20': 'twenty' })
})
