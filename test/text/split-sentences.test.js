// Where sentences end: not at the points of abbreviations, initials, numbers, ellipses and addresses.
import t from 'tap'
import { splitText } from '../../dist/lib/text/split.js'

/** Sentences, each a part of its own; | marks the ends. */
const sentences = (text) =>
  splitText(text.replaceAll(' | ', ' '), { desired: 1, shortest: 0 }).map((part) => part.text)

const cases = {
  plain: [
    'One. | Two! | Three? | Four',
    'It was 1999. | 20 years went by.',
    'Is it 5? | 6 it is.',
    'He said no. | Then he left.',
  ],
  titles: [
    'Dr. Smith met Mr. and Mrs. Jones. | They spoke.',
    'Gen. Lee and Prof. Brown left. | Nobody cared.',
    'We saw St. Louis. | It rained.',
  ],
  abbreviations: [
    'See e.g. Paris, i.e. France. | Then go.',
    'Apples, pears, etc. are fruit. | Yes.',
    'Apples, pears, etc. | The end.',
    'Acme Inc. Boston sells it. | No.',
    'It is approx. five. | Good.',
    'Cats vs. dogs. | Dogs won.',
  ],
  initials: [
    'J. R. R. Tolkien wrote it. | He was John F. Kennedy. | So.',
    'The U.S. Army came. | It left the U.S. | Then peace came.',
    'Take plan B. | The rest goes.',
  ],
  times: [
    'Come at 5 p.m. Monday. | Bye.',
    'Come at 5 p.m. | The door is open.',
    'On Jan. 5 it froze. | In Dec. 2020 too.',
  ],
  numbers: [
    'It is 3.14 or $5.50. | Or 1.000.',
    'No. 5 is alive. | See fig. 3 and pp. 4. | No.',
    '1. Apples are red. | 2. Pears are green.',
  ],
  marks: [
    'What?! | Really!! | Yes.',
    'Well... maybe. | But no... | Then yes.',
    'Wait . . . what. | Now.',
    'Oh… | Then… maybe.',
  ],
  closers: [
    '"Stop!" | "Why?" | He left.',
    '“Yes.” | (It was true.) | [Then it ended.] | So.',
    "'No.' | »Doch.« | 「はい。」 | Ende.",
    '*Really?* | _Yes._ | Fine.',
  ],
  tags: ['"Stop!" he said. | "No?" asked she. | They left.'],
  addresses: ['Visit example.com or node.js. | Read a.b@example.org too.', 'It is v1.2.3. | Use it.'],
  scripts: [
    '他说。 | 她说！ | 真的吗？',
    'क्या? | हाँ। | ठीक।',
    'Ça va ? | Oui !',
    'Am 3. Mai kam z. B. Anna. | Dann ging sie.',
  ],
}

for (const [name, texts] of Object.entries(cases)) {
  t.test(name, async (t) => {
    for (const text of texts) t.strictSame(sentences(text), text.split(' | '), text)
  })
}

t.test('a text without capitals has no certain ends, and is cut at likely ones', async (t) => {
  t.equal(splitText('hello there. how are you? i am fine.').length, 1)
  const parts = splitText('hello there. how are you? i am fine, thank you. '.repeat(20))
  t.ok(parts.length > 3)
  for (const { boundary, ending } of parts) t.match([boundary, ending], [/sentence|paragraph/, /[.?]/])
})

t.test('what a part ends with', async (t) => {
  const end = (text) => splitText(text)[0].ending
  t.strictSame(
    ['Why?!', '"Why?"', '(Why…)', 'Why.) ', 'Why', 'Why, ', '“Why” —', "'Why!'*", '다.'].map(end),
    [...['?!', '?', '…', '.', '', ',', '—', '!', '.']],
  )
})
