// Voice.mix: the weighted mean of voices of one model, which remembers its parts.
import { join } from 'node:path'
import t from 'tap'
import { Voice } from '../../dist/lib/index.js'

const model = { id: '0123456789abcdef', name: 'one' }
const a = new Voice(Float32Array.of(1, 0), 2, { model })
const b = new Voice(Float32Array.of(0, 4), 1)
const values = (voice) => [...voice.embedding]

t.test('weights', async (t) => {
  t.same(values(Voice.mix([a, b])), [0.5, 2], 'equal ones by default')
  t.same(values(Voice.mix([a, b], [3, 1])), [0.75, 1], 'by their shares')
  t.same(values(Voice.mix([a, b], [0, 7])), [0, 4])
  t.same(values(Voice.mix([a])), [1, 0])
  t.same(values(Voice.mix([a, b], [Number.MAX_VALUE, Number.MAX_VALUE])), [0.5, 2], 'whose sum is infinite')
})

t.test('what it remembers', async (t) => {
  const mixed = Voice.mix([a, b], [3, 1])
  t.equal(mixed.clips, 3)
  t.same(mixed.origin, {
    model,
    parts: [
      { weight: 0.75, clips: 2, origin: { model } },
      { weight: 0.25, clips: 1, origin: {} },
    ],
  })
  const file = join(t.testdir({}), 'mixed.json')
  const deep = Voice.mix([mixed, a])
  await deep.save(file)
  t.same((await Voice.load(file)).origin, deep.origin)
})

t.test('what cannot be mixed', async (t) => {
  const refused = (message, ...args) =>
    t.throws(() => Voice.mix(...args), { code: 'CLVP_INVALID_ARGUMENT', message })
  refused(/for voices /, [])
  refused(/for voices /, a)
  refused(/for voices\[1\] /, [a, { embedding: a.embedding }])
  refused(/for voices\[0\] /, [Object.create(Voice.prototype)])
  refused(/voice of 2 numbers.*voices\[1\].*one of 3/, [a, new Voice(new Float32Array(3).fill(1), 1)])
  const other = new Voice(Float32Array.of(1, 1), 1, { model: { id: 'fedcba9876543210', name: 'two' } })
  refused(/"one" \(0123.*"two" \(fedc/, [a, b, other])
  for (const weights of [[1], [1, 2, 3], 5, 'ab', {}]) refused(/for weights /, [a, b], weights)
  for (const weight of [Number.NaN, Infinity, -1, '1', undefined]) {
    refused(/for weights\[1\] /, [a, b], [1, weight])
  }
  refused(/above 0 for weights/, [a, b], [0, 0])
})
