// Merging goes round by round as in the reference, for any merges: compared with a plain loop that does just that.
import t from 'tap'
import { ClvpTokenizer } from '../../dist/lib/text/tokenizer.js'
import { makeRandom } from '../../scripts/parity/texts.mjs'

/** Looks for the best pair of the word, merges it everywhere from the left, and starts again. */
function mergePlainly(word, ranks) {
  let symbols = [...word]
  for (;;) {
    const pairs = symbols.slice(1).map((symbol, at) => `${symbols[at]} ${symbol}`)
    const known = pairs.filter((pair) => ranks.has(pair))
    if (known.length === 0) return symbols
    const best = known.reduce((a, b) => (ranks.get(b) < ranks.get(a) ? b : a))
    const merged = []
    for (let at = 0; at < symbols.length; at++) {
      const matches = at + 1 < symbols.length && `${symbols[at]} ${symbols[at + 1]}` === best
      merged.push(matches ? symbols[at] + symbols[++at] : symbols[at])
    }
    symbols = merged
  }
}

t.test('random merges, in an order that training would never give', async (t) => {
  const random = makeRandom(7)
  const pick = (list) => list[Math.floor(random() * list.length)]
  for (let round = 0; round < 200; round++) {
    const known = ['a', 'b', 'c']
    const merges = Array.from({ length: 12 }, () => {
      const pair = [pick(known), pick(known)]
      known.push(pair.join(''))
      return pair.join(' ')
    }).sort(() => random() - 0.5)
    // Of a merge that is listed twice the last place counts.
    const ranks = new Map(merges.map((merge, rank) => [merge, rank]))
    const tokenizer = new ClvpTokenizer({ vocab: { '[UNK]': 0 }, merges })
    for (let n = 0; n < 20; n++) {
      const word = Array.from({ length: 1 + Math.floor(random() * 40) }, () => pick(['a', 'b', 'c'])).join('')
      if (tokenizer.tokenize(word).join() !== mergePlainly(word, ranks).join()) t.fail(`${merges}: ${word}`)
    }
  }
  t.pass('4,000 words')
})

t.test('a pair that a merge makes waits for the end of its round', async (t) => {
  // "ab" ranks last, yet what it makes possible ranks first: both "ab" come before "aba".
  const tokenizer = new ClvpTokenizer({ vocab: { '[UNK]': 0 }, merges: ['ab a', 'a b'] })
  t.strictSame(tokenizer.tokenize('abab'), ['ab', 'ab'])
})
