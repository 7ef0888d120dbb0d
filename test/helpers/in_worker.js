/** What each worker of test/session/worker-threads.test.js runs: loads a model of its own, tells so, and draws. */
import { parentPort, workerData } from 'node:worker_threads'
import { Clvp } from '../../dist/lib/index.js'
import { essence, tone } from './model.js'

const { file, candidates, maxTokens } = workerData
const clvp = await Clvp.load(file, { threads: 1 })
const voice = await clvp.voice(tone(0.2))
parentPort.postMessage('loaded')
const { candidates: drawn } = await clvp.generate('Hello.', {
  voice,
  candidates,
  maxTokens,
  batchSize: 8,
  seed: 1,
})
await clvp.dispose()
parentPort.postMessage(drawn.map(essence))
