// A worker thread does the work; the main thread never loads the addon.
import { Worker } from 'node:worker_threads'

const worker = new Worker(new URL('esm.mjs', import.meta.url), { stdout: false })
worker.on('error', (error) => {
  throw error
})
