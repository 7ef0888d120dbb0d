// Candidate k is the same whatever the number of candidates, the batch and the threads (F32).
import t from 'tap'
import { essence, loadTinyModel } from '../helpers/model.js'

const text = 'The quick brown fox.'
const drawn = ({ codes, ...each }) => ({
  ...essence({ ...each, codes: [] }),
  score: undefined,
  seconds: each.seconds,
})

for (const name of ['plain', 'wide', 'deep']) {
  t.test(name, async (t) => {
    const { clvp, voice } = await loadTinyModel(t, { name, threads: 1 })
    const draw = async (model, options) => {
      const { candidates } = await model.generate(text, {
        voice,
        seed: 7,
        deterministic: true,
        maxTokens: 90,
        ...options,
      })
      return candidates.sort((a, b) => a.index - b.index)
    }
    const sixteen = await draw(clvp, { candidates: 16 })
    const raw = async (model, options) => {
      const codes = new Map()
      for await (const event of model.stream(text, {
        voice,
        seed: 7,
        deterministic: true,
        maxTokens: 90,
        ...options,
      })) {
        if (event.type === 'token')
          codes.set(event.candidate, [...(codes.get(event.candidate) ?? []), event.code])
      }
      return codes
    }
    const codes = await raw(clvp, { candidates: 16 })
    for (const candidates of [1, 4]) {
      const some = await draw(clvp, { candidates })
      t.same(
        some.map(drawn),
        sixteen.slice(0, candidates).map(drawn),
        `${candidates} of 16: the same to the last bit`,
      )
      const few = await raw(clvp, { candidates })
      for (const [k, row] of few) t.same(row, codes.get(k), `candidate ${k} of ${candidates}: the same codes`)
    }
    t.same(
      (await draw(clvp, { candidates: 16, batchSize: 3 })).map(essence),
      sixteen.map(essence),
      'in batches of 3',
    )

    const { clvp: two } = await loadTinyModel(t, { name, threads: 2 })
    t.same((await draw(two, { candidates: 16 })).map(drawn), sixteen.map(drawn), 'with two threads')

    const loose = await draw(clvp, { candidates: 4, deterministic: false })
    const tight = await draw(clvp, { candidates: 4 })
    t.same(
      loose.map(({ codes }) => [...codes]),
      tight.map(({ codes }) => [...codes]),
      'not deterministic: the same ids here',
    )
  })
}
