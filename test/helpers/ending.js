/**
 * A process of its own for test/session/worker-threads.test.js and test/session/exit.test.js, as its arguments say:
 *
 *     node ending.js MODEL terminate load|generate COUNT   // ends so many workers in the midst of it
 *     node ending.js MODEL exit|throw|wait load|generate|convert|worker
 */
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { Clvp, convertFolder } from '../../dist/lib/index.js'
import { tone } from './model.js'

const [file, ending, stage, count] = process.argv.slice(2)
const long = { candidates: 65536, maxTokens: 100 }

/** Workers, one after the other, each ended a little later than the one before, of twenty. */
async function terminate() {
  const program = new URL('in_worker.js', import.meta.url)
  for (let n = 0; n < Number(count); n++) {
    const i = n % 20
    const worker = new Worker(program, { workerData: { file, ...long } })
    const failed = once(worker, 'error').then(([error]) => Promise.reject(error))
    const loaded = once(worker, 'message')
    failed.catch(() => {})
    loaded.catch(() => {})
    await Promise.race([stage === 'load' ? once(worker, 'online') : loaded, failed])
    await sleep(stage === 'load' ? 5 * i : 2 * i)
    await worker.terminate()
  }
  // The addon is whole for the rest of the process.
  const clvp = await Clvp.load(file, { threads: 1 })
  await clvp.embedText('Hello.')
  await clvp.dispose()
  console.log('done')
}

/** Tells when the work has begun, and ends the process in the midst of it unless that is left to others. */
async function endAmid() {
  const begun = () => {
    if (ended) return
    ended = true
    console.log('begun')
    if (ending === 'exit') process.exit(0)
    if (ending === 'throw') throw new Error('mine')
  }
  let ended = false
  if (stage === 'convert') {
    const target = `${file}.${process.pid}.gguf`
    process.on('exit', () => rmSync(target, { force: true }))
    for (;;)
      await convertFolder(file, target, { type: 'q8_0', onProgress: (fraction) => fraction > 0.3 && begun() })
  }
  if (stage === 'load') {
    for (;;) {
      const loading = Clvp.load(file, { threads: 1 })
      setImmediate(begun)
      await (await loading).dispose()
    }
  }
  if (stage === 'worker') {
    const worker = new Worker(new URL('in_worker.js', import.meta.url), { workerData: { file, ...long } })
    await once(worker, 'message')
    await sleep(50)
    return begun()
  }
  const clvp = await Clvp.load(file, { threads: 1 })
  const voice = await clvp.voice(tone(0.2))
  let steps = 0
  // Steps of 256 candidates take their time: the process ends while one is computed.
  await clvp.generate('Hello.', {
    voice,
    ...long,
    batchSize: 256,
    seed: 1,
    onProgress: () => ++steps === 5 && begun(),
  })
}

await (ending === 'terminate' ? terminate() : endAmid())
