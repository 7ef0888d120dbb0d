// isolate: the model in a process of its own gives what it gives here, and its death is an error of the calls it was busy with.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { Clvp, ClvpModelForConditionalGeneration } from '../../dist/lib/index.js'
import { essence, tinyFile, tone } from '../helpers/model.js'

if (!existsSync('/proc/self/stat')) {
  t.plan(0, 'processes are looked up in /proc, which only Linux has')
  process.exit()
}
const file = await tinyFile('deep')
const here = await Clvp.load(file, { threads: 1 })
const voice = await here.voice(tone(0.2))
const settings = { voice, candidates: 4, maxTokens: 30, seed: 7, deterministic: true }
const expected = (await here.generate('Hello.', settings)).candidates.map(essence)
t.teardown(() => here.dispose())

const isolated = (options = {}) => Clvp.load(file, { threads: 1, isolate: true, ...options })

/** Process ids of a process's children that run a model: Linux's own list, as `ps` is not everywhere. */
function children(parent = process.pid) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const [, parentOf] = /\) \S (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))
        return (
          Number(parentOf) === parent &&
          readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('remote_process')
        )
      } catch {
        return false // it has ended meanwhile
      }
    })
}

const isAlive = (pid) => {
  try {
    process.kill(pid, 0)
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

async function untilGone(pid) {
  for (let i = 0; i < 50 && isAlive(pid); i++) await setTimeout(100)
  return !isAlive(pid)
}

t.test('each call gives what it gives in this process', async (t) => {
  const clvp = await isolated()
  t.same({ ...clvp.info }, { ...here.info })
  t.same((await clvp.generate('Hello.', settings)).candidates.map(essence), expected)
  t.same((await clvp.voice(tone(0.2))).embedding, voice.embedding)
  t.same(await clvp.embedText('Hello.'), await here.embedText('Hello.'))
  const codes = [Int32Array.of(1, 2, 3), Int32Array.of(4, 5)]
  t.same(await clvp.rank('Hello.', codes), await here.rank('Hello.', codes))
  const beams = { voice, beams: 2, candidates: 2, maxTokens: 8 }
  t.same(
    (await clvp.generate('Hello.', beams)).candidates.map(({ codes }) => codes),
    (await here.generate('Hello.', beams)).candidates.map(({ codes }) => codes),
  )
  await clvp.dispose()
})

t.test('streams, progress and processors work across', async (t) => {
  const clvp = await isolated()
  const events = async (model) => {
    const seen = []
    for await (const event of model.stream('Hello.', { ...settings, batchSize: 4 })) seen.push(event.type)
    return seen
  }
  t.same(await events(clvp), await events(here))
  const only = (model) =>
    model.generate('Hello.', {
      ...settings,
      logitsProcessor: (_, scores) => {
        scores.data.fill(Number.NEGATIVE_INFINITY)
        for (let row = 0; row < scores.dims[0]; row++) scores.data[row * scores.dims[1] + 5] = 0
        return scores
      },
    })
  const [there, own] = [await only(clvp), await only(here)]
  t.same(there.candidates.map(essence), own.candidates.map(essence))
  t.ok(there.candidates[0].drawnCodes.every((code) => code === 5))
  await t.rejects(
    clvp.generate('Hello.', {
      ...settings,
      logitsProcessor() {
        throw new Error('from the caller')
      },
    }),
    { message: 'from the caller' },
  )
  let last = 0
  await clvp.generate('Hello.', { ...settings, onProgress: ({ fraction }) => (last = fraction) })
  t.equal(last, 1)
  await clvp.dispose()
})

t.test('many calls at once equal those in turn', async (t) => {
  const clvp = await isolated()
  const all = await Promise.all(Array.from({ length: 8 }, () => clvp.generate('Hello.', settings)))
  for (const { candidates } of all) t.same(candidates.map(essence), expected)
  await clvp.dispose()
})

t.test('an abort stops a call, and the next is as ever', async (t) => {
  const clvp = await isolated()
  const controller = new AbortController()
  const long = { ...settings, candidates: 64, maxTokens: 120, signal: controller.signal }
  await t.rejects(clvp.generate('Hello.', { ...long, onProgress: () => controller.abort() }), {
    code: 'CLVP_ABORTED',
  })
  const early = clvp.generate('Hello.', { ...settings, signal: AbortSignal.abort() })
  await t.rejects(early, { code: 'CLVP_ABORTED' })
  t.same((await clvp.generate('Hello.', settings)).candidates.map(essence), expected)
  await clvp.dispose()
})

for (const signal of ['SIGKILL', 'SIGSEGV', 'SIGABRT']) {
  t.test(
    `a process that ends by ${signal} rejects its calls, and the next call starts another`,
    async (t) => {
      const clvp = await isolated()
      const [pid] = children()
      let killed = false
      const busy = clvp.generate('Hello.', {
        ...settings,
        candidates: 64,
        maxTokens: 120,
        onProgress() {
          if (!killed) process.kill(pid, signal)
          killed = true
        },
      })
      await t.rejects(busy, { code: 'CLVP_DEVICE', message: new RegExp(signal) })
      t.same((await clvp.generate('Hello.', settings)).candidates.map(essence), expected)
      t.not(children()[0], pid)
      process.kill(children()[0], signal) // while nothing is asked of it
      await setTimeout(200)
      t.same((await clvp.generate('Hello.', settings)).candidates.map(essence), expected)
      await clvp.dispose()
    },
  )
}

t.test('an abort reaches a call that waits for a process to start', async (t) => {
  const clvp = await isolated()
  process.kill(children()[0], 'SIGKILL')
  await setTimeout(200)
  const controller = new AbortController()
  const waits = clvp.embedText('Hello.', { signal: controller.signal })
  controller.abort()
  await t.rejects(waits, { code: 'CLVP_ABORTED' })
  t.same(await clvp.embedText('Hello.'), await here.embedText('Hello.'))
  await clvp.dispose()
})

t.test('what cannot be loaded says why, and leaves no process', async (t) => {
  const dir = t.testdir({ 'bad.gguf': 'GGUF but no model' })
  await t.rejects(Clvp.load(join(dir, 'bad.gguf'), { isolate: true }), { code: 'CLVP_MODEL_FORMAT' })
  await t.rejects(Clvp.load(file, { isolate: 'yes' }), { code: 'CLVP_INVALID_ARGUMENT' })
  const controller = new AbortController()
  const loading = isolated({ signal: controller.signal })
  controller.abort()
  await t.rejects(loading, { code: 'CLVP_ABORTED' })
  for (let i = 0; i < 50 && children().length > 0; i++) await setTimeout(100)
  t.same(children(), [])
})

t.test('a file that became another model is refused', async (t) => {
  const dir = t.testdir({ 'model.gguf': readFileSync(file) })
  const clvp = await Clvp.load(join(dir, 'model.gguf'), { threads: 1, isolate: true })
  writeFileSync(join(dir, 'model.gguf'), readFileSync(await tinyFile('plain')))
  process.kill(children()[0], 'SIGKILL')
  await setTimeout(200)
  await t.rejects(clvp.embedText('Hello.'), {
    code: 'CLVP_MODEL_FORMAT',
    message: /to hold the model that was loaded/,
  })
  await clvp.dispose()
})

t.test('dispose ends the process and what it does', async (t) => {
  const clvp = await isolated()
  const [pid] = children()
  const busy = clvp.generate('Hello.', { ...settings, candidates: 64, maxTokens: 120 })
  await Promise.all([t.rejects(busy, { code: 'CLVP_DISPOSED' }), clvp.dispose()])
  t.notOk(isAlive(pid))
  await t.rejects(clvp.embedText('Hello.'), { code: 'CLVP_DISPOSED' })
})

t.test('a past stays where it was made', async (t) => {
  const model = await ClvpModelForConditionalGeneration.fromPretrained(file, { threads: 1, isolate: true })
  const call = model.speechDecoderModel.forward({ inputIds: [[1, 2, 3]], useCache: true })
  await t.rejects(call, { code: 'CLVP_UNSUPPORTED', message: /isolate/ })
  const plain = await model.speechDecoderModel.forward({ inputIds: [[1, 2, 3]], useCache: false })
  t.equal(plain.logits.dims[1], 3)
  await model.dispose()
})

const index = new URL('../../dist/lib/index.js', import.meta.url)
const program = (then) => `
  import { Clvp } from ${JSON.stringify(index.href)}
  const clvp = await Clvp.load(${JSON.stringify(file)}, { threads: 1, isolate: true })
  await clvp.embedText('Hello.')
  ${then}`
const run = (then) =>
  spawn(process.execPath, ['--input-type=module', '-e', program(then)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })

t.test('an idle model keeps no program alive, and goes with it', async (t) => {
  const child = run("console.log('done')")
  await once(child.stdout, 'data')
  const [pid] = children(child.pid)
  const [code] = await once(child, 'exit')
  t.equal(code, 0)
  t.ok(pid === undefined || (await untilGone(pid)))
})

t.test('a program that is killed takes its model along', async (t) => {
  const child = run("console.log('done'); setInterval(() => {}, 1000)")
  await once(child.stdout, 'data')
  const [pid] = children(child.pid)
  t.ok(isAlive(pid))
  child.kill('SIGKILL')
  t.ok(await untilGone(pid))
})
