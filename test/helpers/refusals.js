/** Broken torch files, and what must become of them. */
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { convertFolder } from '../../dist/lib/index.js'
import { freshCheckpoint } from './safetensors.js'

/** A sound checkpoint whose pytorch_model.bin is written anew for each case. */
export class Refusals {
  #before

  constructor(t) {
    this.folder = freshCheckpoint(t)
    this.weights = join(this.folder, 'pytorch_model.bin')
    rmSync(join(this.folder, 'model.safetensors'))
    this.#before = readdirSync(this.folder).sort()
  }

  /** A file must be refused with a code and a message, soon, and with little memory. */
  async refuse(t, [name, bytes, message], code = 'CLVP_MODEL_FORMAT') {
    writeFileSync(this.weights, bytes)
    const before = process.memoryUsage().rss
    const started = performance.now()
    await t.rejects(
      convertFolder(this.folder, `${this.folder}.gguf`),
      { name: 'ClvpError', code, message },
      name,
    )
    const seconds = (performance.now() - started) / 1000
    const megabytes = (process.memoryUsage().rss - before) / 1e6
    if (seconds > 5) t.fail(`${name}: it took ${seconds} s`)
    if (megabytes > 128) t.fail(`${name}: it took ${megabytes} MB`)
  }

  /** Nothing may be there that was not: no model file, no part of one, and no trace of a program that ran. */
  checkTraces(t) {
    rmSync(this.weights)
    t.same(readdirSync(this.folder).sort(), this.#before, 'in the folder')
    t.same(readdirSync(join(this.folder, '..')), ['model'], 'beside it')
    t.notOk(existsSync(`${this.folder}.gguf`))
  }
}
