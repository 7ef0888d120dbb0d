// A mapped file gives what a read one gives, and what is no model is refused in the same way.
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'
import { tinyFile, tone } from '../helpers/model.js'

const load = (file, options) => Clvp.load(file, { threads: 1, device: 'cpu', ...options })

for (const type of ['f32', 'q8_0']) {
  t.test(`the same results, ${type}`, { skip: process.platform === 'win32' && 'no mapping' }, async (t) => {
    const file = join(t.testdir({}), 'model.gguf')
    copyFileSync(await tinyFile('plain', type), file)
    const [read, mapped] = [await load(file), await load(file, { mmap: true })]
    rmSync(file) // its pages stay until they are unmapped
    const results = []
    for (const clvp of [read, mapped]) {
      const voice = await clvp.voice(tone())
      const options = { voice, candidates: 3, seed: 2, maxTokens: 12, deterministic: true }
      const { candidates } = await clvp.generate('hello', options)
      results.push(candidates.map(({ index, codes }) => ({ index, codes: [...codes] })))
      t.ok(Math.abs(clvp.info.bytes / read.info.bytes - 1) < 0.05)
    }
    t.same(results[1], results[0])
    await Promise.all([read.dispose(), mapped.dispose()])
  })
}

t.test('what is refused', async (t) => {
  const file = join(t.testdir({}), 'short.gguf')
  const bytes = readFileSync(await tinyFile())
  writeFileSync(file, bytes.subarray(0, bytes.length - 100))
  await t.rejects(load(file, { mmap: true }), { code: 'CLVP_MODEL_FORMAT' })
  await t.rejects(load(join(file, '..', 'none.gguf'), { mmap: true }), { code: 'CLVP_IO' })
  await t.rejects(load(file, { mmap: 'yes' }), { code: 'CLVP_INVALID_ARGUMENT', message: /mmap/ })
})
