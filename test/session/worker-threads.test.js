// worker_threads: a model in each of eight at once, and workers terminated during load and generate without harm to the process.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'
import { essence, tinyFile, tone } from '../helpers/model.js'
import { times } from '../helpers/torture.js'

const program = new URL('../helpers/in_worker.js', import.meta.url)
const file = await tinyFile('deep')

async function inWorker(candidates) {
  const worker = new Worker(program, { workerData: { file, candidates, maxTokens: 20 } })
  let last
  worker.on('message', (message) => {
    last = message
  })
  const [code] = await once(worker, 'exit')
  return { code, drawn: last }
}

t.test('eight at once give what the main thread gives', async (t) => {
  const results = []
  for (let round = 0; round < times(1, 13); round++) {
    results.push(...(await Promise.all(Array.from({ length: 8 }, (_, i) => inWorker(i + 1)))))
  }
  const clvp = await Clvp.load(file, { threads: 1 })
  const voice = await clvp.voice(tone(0.2))
  for (const [i, { code, drawn }] of results.entries()) {
    const options = { voice, candidates: 1 + (i % 8), maxTokens: 20, batchSize: 8, seed: 1 }
    t.equal(code, 0)
    t.same(drawn, (await clvp.generate('Hello.', options)).candidates.map(essence))
  }
  await clvp.dispose()
})

t.test('workers come and go while the main thread works', async (t) => {
  const clvp = await Clvp.load(file, { threads: 1 })
  const voice = await clvp.voice(tone(0.2))
  const work = clvp.generate('Hello.', { voice, candidates: 64, maxTokens: 50, seed: 2 })
  for (let i = 0; i < 3; i++) t.equal((await inWorker(2)).code, 0)
  t.equal((await work).candidates.length, 64)
  await clvp.dispose()
})

for (const stage of ['load', 'generate']) {
  const count = times(10, 100)
  t.test(`${count} workers terminated during ${stage}`, async (t) => {
    const program = fileURLToPath(new URL('../helpers/ending.js', import.meta.url))
    const args = [program, file, 'terminate', stage, count]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    child.stdout.on('data', (text) => {
      said += text
    })
    const [code, signal] = await once(child, 'close')
    t.same({ code, signal, said }, { code: 0, signal: null, said: 'done\n' })
  })
}
