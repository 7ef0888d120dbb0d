// Texts and clips are computed once for equal content, the least recently used are forgotten, and what is known has the same values.
import t from 'tap'
import { LruCache } from '../../dist/lib/base/lru.js'
import { ContentCache } from '../../dist/lib/clvp/content_cache.js'
import { loadTinyModel, tone } from '../helpers/model.js'

/** A session that counts its calls. */
function counting() {
  const calls = { mel: 0, condition: 0, embedText: 0, score: 0 }
  const session = {
    async mel(samples) {
      calls.mel++
      return samples
    },
    async condition(mel) {
      calls.condition++
      return Float32Array.of(mel[0])
    },
    async embedText(ids) {
      calls.embedText++
      return Float32Array.from(ids)
    },
    async scoreTimed(ids, known, rows) {
      calls.score++
      return { text: known ?? (await session.embedText(ids)), scores: new Float32Array(rows.length), ms: 1 }
    },
  }
  return { calls, cache: new ContentCache(session) }
}

t.test('a clip is conditioned once, whoever brings it', async (t) => {
  const { calls, cache } = counting()
  for (const first of [1, 1, 2, 1]) t.same([...(await cache.condition(Float32Array.of(first, 5)))], [first])
  t.match(calls, { mel: 2, condition: 2 })
})

t.test('a text is embedded once, for embedText and score together', async (t) => {
  const { calls, cache } = counting()
  const ids = Int32Array.of(1, 2)
  await cache.score(ids, [ids])
  await cache.score(Int32Array.of(1, 2), [ids])
  const found = await cache.embedText(ids)
  found[0] = 99
  t.same([...(await cache.embedText(ids))], [1, 2], 'the caller has a copy')
  t.match(calls, { embedText: 1, score: 2 })
  await cache.embedText(Int32Array.of(12))
  t.equal(calls.embedText, 2, '1, 2 is not 12')
})

t.test('the least recently used leaves', async (t) => {
  const recent = new LruCache(2)
  recent.set('a', 1)
  recent.set('b', 2)
  t.equal(recent.get('a'), 1)
  recent.set('c', 3)
  t.same([recent.get('a'), recent.get('b'), recent.get('c')], [1, undefined, 3])
})

t.test('a known text and voice change no number', async (t) => {
  const { clvp, voice } = await loadTinyModel(t)
  const again = await clvp.voice(tone())
  t.same([...again.embedding], [...voice.embedding])
  const rows = [Int32Array.of(1, 2, 3), Int32Array.of(4, 5)]
  const first = await clvp.rank('Hello.', rows)
  t.same(await clvp.rank('Hello.', rows), first)
})

t.test('an abort stops a ranking', async (t) => {
  const { clvp } = await loadTinyModel(t)
  const abort = new AbortController()
  const ranking = clvp.rank('A text.', [new Int32Array(2000).fill(1)], { signal: abort.signal })
  abort.abort()
  await t.rejects(ranking, { code: 'CLVP_ABORTED' })
})
