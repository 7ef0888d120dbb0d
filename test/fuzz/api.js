/** Makes public calls with odd arguments in processes of their own, and counts what became of them. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const child = fileURLToPath(new URL('./api/child.js', import.meta.url))

/** A process that says nothing for so long is stuck, in milliseconds. */
const SILENCE_MS = 20_000

/** A process's environment, in which nothing of the user's is read or written. */
function environment(folder) {
  const cache = join(folder, 'cache')
  // Nothing answers at this address: what looks like a hub id stays here.
  return { ...process.env, CLVP_CACHE: cache, HF_HOME: cache, HF_ENDPOINT: 'http://127.0.0.1:1' }
}

/**
 * Runs the cases from..to-1, until the process is done or dies, and tells which was the last that it began.
 */
async function runProcess({ seed, from, to, isMade }, report) {
  const folder = mkdtempSync(join(tmpdir(), 'clvp-api-'))
  const cwd = join(folder, 'work') // a path that leads out of it is still in a folder of ours
  mkdirSync(cwd)
  const args = [child, from, to, seed, ...(isMade ? ['made'] : [])].map(String)
  const running = spawn(process.execPath, args, {
    cwd,
    env: environment(folder),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let last = { number: from - 1, name: 'the start' }
  let isDone = false
  let errors = ''
  let isStuck = false
  const giveUp = () => {
    isStuck = true
    running.kill('SIGKILL')
  }
  let timer = setTimeout(giveUp, 3 * SILENCE_MS) // it may have to make a model first
  running.stderr.on('data', (text) => {
    errors = `${errors}${text}`.slice(-4000)
  })
  createInterface({ input: running.stdout }).on('line', (line) => {
    clearTimeout(timer)
    timer = setTimeout(giveUp, SILENCE_MS)
    const said = JSON.parse(line)
    if (said.name) last = said
    if (said.done) isDone = true
    report(said)
  })
  const [status, signal] = await new Promise((resolve) => running.on('close', (...how) => resolve(how)))
  clearTimeout(timer)
  rmSync(folder, { recursive: true, force: true })
  if (isDone && status === 0) return to
  const how = isStuck
    ? `nothing was heard for ${SILENCE_MS} ms`
    : `the process ended with ${signal ?? status}`
  report({ finding: `${last.name}: ${how}: ${errors}`, death: true })
  return last.number + 1
}

/**
 * Makes so many calls.
 *
 * @param from the number of the first: calls are the same for the same seed and number
 * @param ofProcess how many one process makes
 * @param isMade such as fast-check makes up, not those of the tables
 * @returns what became of them, and `findings`: whatever is not a result, a ClvpError, or the caller's own
 * error
 */
export async function fuzzCalls({ calls = 2500, seed = 1, from = 0, ofProcess = 500, isMade = false } = {}) {
  const found = { calls: 0, cases: 0, deaths: 0, slowest: 0, outcomes: {}, findings: [] }
  const report = ({ outcome, ms, length, finding, death }) => {
    if (length) found.cases = length
    if (finding) found.findings.push(finding)
    if (death) found.deaths++
    if (!outcome) return
    found.calls++
    found.slowest = Math.max(found.slowest, ms)
    found.outcomes[outcome] = (found.outcomes[outcome] ?? 0) + 1
  }
  const end = from + calls
  for (let next = from; next < end; ) {
    const to = Math.min(end, next + ofProcess)
    const reached = await runProcess({ seed, from: next, to, isMade }, report)
    if (reached === next) throw new Error(`the process does not start: ${found.findings.at(-1)}`)
    next = reached
  }
  return found
}
