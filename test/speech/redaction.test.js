// Words in brackets are found and refused, in place of being read aloud.
import t from 'tap'
import { parseBrackets, readBrackets, refuseRedaction } from '../../dist/lib/speech/redaction.js'

t.test('words in brackets', async (t) => {
  t.strictSame(parseBrackets('[I am sad,] Feed me. [Now]'), {
    text: 'I am sad, Feed me. Now',
    hidden: [
      { start: 0, end: 9 },
      { start: 19, end: 22 },
    ],
  })
  t.strictSame(parseBrackets('a[]b'), { text: 'ab', hidden: [{ start: 1, end: 1 }] })
  t.strictSame(parseBrackets('(none) {here}'), { text: '(none) {here}', hidden: [] })
})

t.test('escaped brackets are text', async (t) => {
  t.strictSame(parseBrackets('he said \\[sic\\] C:\\dir \\\\[x\\]'), {
    text: 'he said [sic] C:\\dir \\[x]',
    hidden: [],
  })
  t.strictSame(parseBrackets('[a \\[b\\] c] d'), { text: 'a [b] c d', hidden: [{ start: 0, end: 7 }] })
})

t.test('brackets that do not match', async (t) => {
  const malformed = (text, message) =>
    t.throws(() => parseBrackets(text), { code: 'CLVP_INVALID_ARGUMENT', message }, text)
  malformed('a [b [c] d]', /no \[ within brackets for text but received a second one at 5, after that at 2/)
  malformed('a [b', /a \] after each \[ for text but received a \[ alone at 2/)
  malformed('a] b', /a \[ before each \] for text but received a \] alone at 1/)
  malformed('[a] ]', /a \] alone at 4/)
  malformed('[a\\]', /a \[ alone at 0.*write \\\[ and \\\]/)
})

t.test('they are refused, with what to do', async (t) => {
  const unsupported = (text, message) =>
    t.throws(() => refuseRedaction(text), { code: 'CLVP_UNSUPPORTED', message })
  unsupported(
    '[I am sad,] Feed me.',
    /no words in brackets for text but received "\[I am sad,\]": .*Leave them out; write \\\[ and \\\].*brackets: 'read'/,
  )
  unsupported(`Well [${'very '.repeat(50)}] long`, /"\[very .{40,60}\.\.\.\]"/)
  t.throws(() => refuseRedaction('[a'), { code: 'CLVP_INVALID_ARGUMENT' })
  t.equal(refuseRedaction('he said \\[sic\\].'), 'he said [sic].')
  t.equal(refuseRedaction('no brackets'), 'no brackets')
})

t.test('with brackets: read, they are text', async (t) => {
  t.equal(readBrackets('a [b [c] \\[d\\] ]', 'read'), 'a [b [c] [d] ]')
  t.throws(() => readBrackets('a [b]', 'refuse'), { code: 'CLVP_UNSUPPORTED' })
})

t.test('a million brackets take no time', async (t) => {
  t.equal(parseBrackets('[]'.repeat(500_000)).hidden.length, 500_000)
  t.equal(parseBrackets('\\['.repeat(500_000)).text.length, 500_000)
})
