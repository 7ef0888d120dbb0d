/**
 * A process of its own for test/session/worker-threads-ended.test.js: `node busy_worker.js MODE MODEL COUNT` ends so many workers,
 * one after the other, while they keep the addon calling back.
 */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { Clvp, ClvpModelForConditionalGeneration, convertFolder } from '../../dist/lib/index.js'
import { readRecipe, writeCheckpoint } from './checkpoint.js'
import { tone } from './model.js'

const text = 'Hello there.'

/** Each keeps a worker busy for ever. */
const busy = {
  async stream({ clvp, voice }) {
    for (;;) for await (const _ of clvp.stream(text, { voice, candidates: 8 }));
  },
  async progress({ clvp, voice }) {
    for (;;) await clvp.generate(text, { voice, candidates: 8, onProgress: () => performance.now() })
  },
  async many({ clvp, voice }) {
    for (let i = 0; i < 300; i++) clvp.generate(text, { voice, candidates: 4 }).catch(() => {})
    for (let i = 0; i < 50; i++) clvp.voice(tone(0.2)).catch(() => {})
    await sleep(60_000)
  },
  async load({ file }) {
    for (;;) await (await Clvp.load(file, { threads: 1, onProgress() {} })).dispose()
  },
  async collect({ file, voice }) {
    for (;;) {
      const dropped = await Clvp.load(file, { threads: 1 })
      dropped.generate(text, { voice, candidates: 2, onProgress() {} }).catch(() => {})
    }
  },
  async process({ file }) {
    const { speechDecoderModel } = await ClvpModelForConditionalGeneration.fromPretrained(file, {
      threads: 1,
    })
    const logitsProcessor = async (_, scores) => {
      await sleep(0)
      return scores
    }
    for (;;) await speechDecoderModel.generate({ inputIds: [[1]], numBeams: 2, logitsProcessor })
  },
  async convert({ folder }) {
    for (let i = 0; ; i++) await convertFolder(folder, join(folder, '..', `${i % 3}.gguf`), { type: 'q8_0' })
  },
}

async function main([mode, file, count]) {
  const dir = mkdtempSync(join(tmpdir(), 'clvp-busy-'))
  const folder = join(dir, 'model')
  writeCheckpoint(readRecipe('small'), folder)
  for (let i = 0; i < Number(count); i++) {
    const worker = new Worker(new URL(import.meta.url), { workerData: { mode, file, folder } })
    await once(worker, 'message')
    await sleep(12 * i)
    await worker.terminate()
  }
  rmSync(dir, { recursive: true })
  console.log('done')
}

async function work({ mode, file, folder }) {
  const clvp = await Clvp.load(file, { threads: 1 })
  const voice = await clvp.voice(tone(0.2))
  parentPort.postMessage('ready')
  await busy[mode]({ clvp, voice, file, folder })
}

await (isMainThread ? main(process.argv.slice(2)) : work(workerData))
