// Abbreviations with a point are said in full, whatever their case, and only as words of their own.
import t from 'tap'
import { normalizeEnglish } from '../../dist/lib/text/reading/reference_rules.js'

const SPOKEN = {
  mrs: 'misess',
  mr: 'mister',
  dr: 'doctor',
  st: 'saint',
  co: 'company',
  jr: 'junior',
  maj: 'major',
  gen: 'general',
  drs: 'doctors',
  rev: 'reverend',
  lt: 'lieutenant',
  hon: 'honorable',
  sgt: 'sergeant',
  capt: 'captain',
  esq: 'esquire',
  ltd: 'limited',
  col: 'colonel',
  ft: 'fort',
}

for (const [short, spoken] of Object.entries(SPOKEN)) {
  t.test(short, async (t) => {
    t.equal(normalizeEnglish(`${short}. X`), `${spoken} x`)
    t.equal(normalizeEnglish(`(${short.toUpperCase()}.)`), `(${spoken})`)
    t.equal(normalizeEnglish(short), short, 'without a point it stays')
    t.equal(normalizeEnglish(`x${short}. _${short}.`), `x${short}. _${short}.`, 'inside a word it stays')
  })
}

t.test('several in a row', async (t) => {
  // Each is looked for in turn: once "st." is said there is no word boundary before "co." any more.
  t.equal(normalizeEnglish('dr.dr.'), 'doctordoctor')
  t.equal(normalizeEnglish('co.st.'), 'companysaint')
  t.equal(normalizeEnglish('st.co.'), 'saintco.')
  t.equal(normalizeEnglish('1st. St. John'), 'onest. saint john')
})
