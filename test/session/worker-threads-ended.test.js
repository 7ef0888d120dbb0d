// worker_threads: workers that end while the addon calls their JavaScript do no harm to the process.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { tinyFile } from '../helpers/model.js'
import { times } from '../helpers/torture.js'

const file = await tinyFile('deep')

/** Runs busy_worker.js to its end. */
async function endBusy(mode) {
  const script = fileURLToPath(new URL('../helpers/busy_worker.js', import.meta.url))
  const child = spawn(process.execPath, [script, mode, file, times(4, 8)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr']) {
    child[stream].on('data', (data) => {
      said[stream] += data
    })
  }
  const [code, signal] = await once(child, 'close')
  return { code, signal, ...said }
}

for (const mode of ['stream', 'progress', 'many', 'load', 'collect', 'process', 'convert']) {
  t.test(`ended in the midst of ${mode}, calls to JavaScript under way`, async (t) => {
    let found = await endBusy(mode)
    // Node 20 itself may fail an assertion when a worker ends just as it calls node:fs/promises, addon or no addon.
    for (let i = 0; i < 5 && /Assertion failed: \(req_wrap_async\)/.test(found.stderr); i++) {
      found = await endBusy(mode)
    }
    t.match(found, { code: 0, signal: null, stdout: /done/ }, found.stderr)
  })
}
