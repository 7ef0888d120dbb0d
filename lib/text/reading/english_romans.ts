/** Roman numerals of the English reading: of chapters, of rulers, and behind other names. */
import { cardinal, ordinal } from './number_words.js'
import { type Rule, rule } from './rules.js'

const ROMAN = '(?:X{0,3})(?:IX|IV|V?I{0,3})'
const VALUES: Readonly<Record<string, number>> = { I: 1, V: 5, X: 10, L: 50, C: 100 }
/** What is numbered: "Chapter IV". */
const SECTIONS =
  'Chapter|Part|Volume|Vol|Book|Act|Scene|Section|Article|Phase|Type|War|Bowl|Title|Appendix|Figure|Table|Level|Stage|Episode|' +
  'Season|Grade|Class|Mark|Apollo|Saturn|Lesson|Unit|Sonnet|Canto|Psalm|Amendment|Division|Group|Category|Factor'
/** Names of rulers and popes: "Henry the eighth". */
const RULERS =
  'Henry|Louis|Elizabeth|Charles|George|Edward|Richard|William|James|John|Paul|Pius|Benedict|Alexander|Catherine|Nicholas|' +
  'Philip|Ferdinand|Francis|Frederick|Gregory|Innocent|Leo|Napoleon|Peter|Ramses|Ramesses|Ptolemy|Otto|Wilhelm|Ivan|Gustav|' +
  'Haakon|Harald|Christian|Mary|Urban|Clement|Boniface|Sixtus|Julius|Constantine|Mehmed|Murad|Selim|Darius|Xerxes|Cyrus|' +
  'Artaxerxes|Thutmose|Amenhotep|Alfonso|Carlos|Juan|Felipe|Albert|Leopold|Margrethe|Olav|Malcolm|David|Robert|Stephen|' +
  'Maximilian|Rudolf|Joseph|Umberto|Victor|Emmanuel|Isabella|Baldwin|Eugene|Celestine|Honorius|Adrian|Martin|Callixtus'

function roman(letters: string): string {
  const values = Array.from(letters, (letter) => VALUES[letter]!)
  return String(values.reduce((sum, value, at) => sum + (value < (values[at + 1] ?? 0) ? -value : value), 0))
}

export const romanRules: readonly Rule[] = [
  rule(new RegExp(`\\b(${SECTIONS})\\.? (L?${ROMAN})(?![\\w'-])`, 'gi'), (match, what, letters) => {
    return letters && /^[IVXL]+$/.test(letters) ? `${what} ${cardinal(roman(letters))}` : match
  }),
  // A single "I" is a word, unless "of" tells that it is not.
  rule(
    new RegExp(`\\b(${RULERS}) (?=[IVX])(${ROMAN})(?![\\w-])(?:(?<! I)|(?='s|,? of\\b))`, 'g'),
    (_, name, letters) => {
      return `${name} the ${ordinal(roman(letters!))}`
    },
  ),
  rule(new RegExp(`(?<=[A-Z][a-z]+ )(?=[IVX]{2})(${ROMAN})(?![\\w'-])`, 'g'), (_, letters) =>
    cardinal(roman(letters!)),
  ),
]
