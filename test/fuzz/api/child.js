/**
 * The process in which calls with odd arguments are made: node child.js SEED FROM TO. It says what it
 * begins and what became of it, a line of JSON each, so that its death tells what killed it.
 */
import { ClvpError } from '../../../dist/lib/index.js'
import { listCalls, makeContext } from './calls.js'
import { Cases } from './cases.js'
import { Mine } from './values.js'

/** No call may need longer, in milliseconds. */
const MAX_MS = 10_000

const [seed, from, to] = process.argv.slice(2).map(Number)
let atHand = 'the start'

function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

function finding(what) {
  say({ finding: `${atHand}: ${what}` })
}

/** What an error says of itself, and where in the package it comes from, where it can be asked. */
function describe(error) {
  try {
    const [what, ...stack] = String(error?.stack ?? error).split('\n    at ')
    const places = stack.filter((line) => /\/dist\//.test(line)).slice(0, 2)
    return [what.slice(0, 300), ...places.map((line) => line.replace(/file:.*\/dist\//, 'dist/'))].join(' < ')
  } catch {
    return 'an error that cannot be read'
  }
}

/**
 * What the caller's own code threw, which may come out as it is; a revoked proxy and a class that is called
 * throw by themselves.
 */
function isMine(error) {
  if (error instanceof Mine) return true
  return error instanceof TypeError && /proxy that has been revoked|^Class constructor/.test(error.message)
}

async function outcomeOf(run) {
  let timer
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve('late'), MAX_MS)
  })
  const call = async () => {
    await run()
    return 'returned'
  }
  try {
    return await Promise.race([call(), late])
  } catch (error) {
    if (error instanceof ClvpError) return error.code
    if (isMine(error)) return 'thrown by the caller'
    finding(describe(error))
    return 'finding'
  } finally {
    clearTimeout(timer)
  }
}

process.stdout.on('error', () => process.exit(1)) // nobody listens any more
process.on('unhandledRejection', (error) => finding(`unhandled rejection: ${describe(error)}`))
process.on('uncaughtException', (error) => finding(`uncaught: ${describe(error)}`))

const context = await makeContext()
const cases = new Cases(listCalls(context), seed)
const draw = async () => {
  const { candidates } = await context.clvp.generate('Hello.', {
    voice: context.voice,
    candidates: 2,
    maxTokens: 4,
    seed: 3,
  })
  return JSON.stringify(candidates.map(({ codes, score }) => [[...codes], score]))
}
const before = await draw()
say({ length: cases.length })
for (let number = from; number < to; number++) {
  const { name, run } = cases.at(number)
  atHand = name
  say({ number, name })
  const started = performance.now()
  const outcome = await outcomeOf(run)
  if (outcome === 'late') finding(`it did not settle in ${MAX_MS} ms`)
  await new Promise(setImmediate) // what was rejected and not looked at is told before the next begins
  say({ number, outcome, ms: Math.round(performance.now() - started) })
}
atHand = 'the end'
if ((await draw()) !== before) finding('the model draws something else than before')
await context.clvp.dispose()
await context.model.dispose()
say({ done: true })
process.exitCode = 0
setTimeout(() => process.exit(0), 2000).unref() // what some call has left running is not waited for
