// A process that is killed while it writes leaves the old file or the new one, and the next run clears away what else it left.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { convertFolder, quantizeFile } from '../../dist/lib/index.js'
import { freshCheckpoint } from '../helpers/safetensors.js'
import { times } from '../helpers/torture.js'

const program = fileURLToPath(new URL('../helpers/writing.js', import.meta.url))
const cli = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))
const points = times(30, 200) // for each way to write

const ways = { convert: convertFolder, quantize: quantizeFile }

/** A source for a way to write, an output folder of its own, and the two files that may be there. */
async function setUp(t, how) {
  const folder = freshCheckpoint(t)
  const f32 = join(folder, '..', 'f32.gguf')
  await convertFolder(folder, f32, { type: 'f32' })
  const source = how === 'convert' ? folder : f32
  const dir = join(folder, '..', 'out')
  mkdirSync(dir)
  const target = join(dir, 'model.gguf')
  const whole = []
  for (const type of ['f16', 'q8_0']) {
    await ways[how](source, target, { type })
    whole.push(readFileSync(target))
  }
  return { source, target, dir, whole }
}

for (const how of Object.keys(ways)) {
  t.test(`${how}, SIGKILL at ${points} points`, async (t) => {
    const { source, target, dir, whole } = await setUp(t, how)
    let left = 0
    const seen = new Set()
    for (let point = 0; point < points; point++) {
      const child = spawn(process.execPath, [program, 'forever', how, source, target])
      await once(child.stdout, 'data')
      await sleep(5 + 3.7 * point)
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
      const found = readFileSync(target)
      const which = whole.findIndex((bytes) => bytes.equals(found))
      if (which < 0) t.fail(`point ${point}: ${found.length} bytes are neither the old nor the new file`)
      seen.add(which)
      const others = readdirSync(dir).filter((name) => name !== 'model.gguf')
      if (
        others.length > 1 ||
        !others.every((name) => /^\.model\.gguf\.\d+\.[0-9a-f]{16}\.tmp$/.test(name))
      ) {
        t.fail(`point ${point}: ${others} were left`)
      }
      left += others.length
    }
    t.ok(left > 0, `${left} of ${points} kills came while a temporary file was there`)
    await ways[how](source, target, { type: 'q8_0' })
    t.same(readdirSync(dir), ['model.gguf'], 'the next run clears it away')
  })
}

t.test('SIGTERM and SIGINT to the command line', async (t) => {
  const { source, target, dir } = await setUp(t, 'convert')
  for (const [signal, status] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ]) {
    let stopped = 0
    for (let round = 0; round < 12 && stopped < 2; round++) {
      writeFileSync(target, 'old')
      const child = spawn(process.execPath, [cli, 'convert', source, target, '--type', 'q8_0'])
      const ended = once(child, 'exit')
      // As soon as the temporary file is there, or it is over.
      while (child.exitCode === null && readdirSync(dir).length < 2) await sleep(1)
      child.kill(signal)
      const [code, by] = await ended
      t.same(readdirSync(dir), ['model.gguf'], `${signal}: nothing else is left`)
      t.ok(code === status || code === 0, `${signal}: ${code ?? by}`)
      if (code === status) {
        stopped++
        t.equal(readFileSync(target, 'utf8'), 'old')
      }
    }
    t.ok(stopped > 0, `${signal} stopped ${stopped} conversions`)
  }
})

t.test(
  'a temporary file that is being written is left alone',
  { skip: process.platform === 'win32' && 'no signals' },
  async (t) => {
    const { source, target, dir, whole } = await setUp(t, 'quantize')
    const child = spawn(process.execPath, [program, 'forever', 'quantize', source, target])
    await once(child.stdout, 'data')
    for (let round = 0; round < 10; round++) await quantizeFile(source, target, { type: 'q8_0' })
    t.equal(child.exitCode, null, 'the other process goes on')
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    const { stdout } = spawnSync(process.execPath, [program, 'once', 'quantize', source, target], {
      encoding: 'utf8',
    })
    t.equal(stdout, 'whole\n')
    t.same(readdirSync(dir), ['model.gguf'])
    t.ok(readFileSync(target).equals(whole[1]))
  },
)
