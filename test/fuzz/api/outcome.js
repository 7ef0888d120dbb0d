/** What a process says of the calls that it makes, a line of JSON each, so that its death tells what killed it. */
import { ClvpError } from '../../../dist/lib/index.js'
import { Mine } from './values.js'

/** No call may need longer, in milliseconds. */
const MAX_MS = 10_000

let atHand = 'the start'
let findings = 0

export function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

export function finding(what) {
  findings++
  say({ finding: `${atHand}: ${what}` })
}

/** What is begun now. */
export function begin(name, number) {
  atHand = name
  say({ number, name })
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

/** A result, a ClvpError's code, or 'thrown by the caller'; all else is a finding. */
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

/**
 * Makes a call and says what became of it.
 *
 * @returns whether it settled as it should
 */
export async function judge({ name, run }, number) {
  const before = findings
  begin(name, number)
  const started = performance.now()
  const outcome = await outcomeOf(run)
  if (outcome === 'late') finding(`it did not settle in ${MAX_MS} ms`)
  await new Promise(setImmediate) // what was rejected and not looked at is told before the next begins
  say({ number, outcome, ms: Math.round(performance.now() - started) })
  return findings === before
}

process.stdout.on('error', () => process.exit(1)) // nobody listens any more
process.on('unhandledRejection', (error) => finding(`unhandled rejection: ${describe(error)}`))
process.on('uncaughtException', (error) => finding(`uncaught: ${describe(error)}`))
