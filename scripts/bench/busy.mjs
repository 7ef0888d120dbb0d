/** One call on a quiet machine, beside as many busy processes as there are cores, and with the time of one CPU. */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { median } from './steps.mjs'

/**
 * All combinations take turns.
 *
 * @param {object} plan trials, calls ([{ candidates, longest }])
 * @param {Function} call (settings, within) => milliseconds; `within` is a shell command that the process runs first
 * @param {Function} say tells what is going on
 */
export async function measureBusy({ trials, calls }, call, say) {
  const group = quotaGroup()
  const states = { quietMs: quiet, busyMs: busy, ...(group && { quotaMs: group.run }) }
  const rows = calls.flatMap((each) => [0, 1].map((threads) => ({ ...each, threads, took: {} })))
  try {
    for (let trial = 1; trial <= trials; trial++)
      for (const row of rows)
        for (const [name, run] of Object.entries(states)) {
          say(
            `trial ${trial} of ${trials}: ${name}, ${row.candidates} candidates, ${row.threads || 'default'} threads`,
          )
          row.took[name] ??= []
          row.took[name].push(await run((within) => call(row, within)))
        }
  } finally {
    group?.remove()
  }
  return {
    trials,
    neighbours: availableParallelism(),
    rows: rows.map(({ took, ...row }) => ({
      ...row,
      ...Object.fromEntries(Object.entries(took).map(([name, list]) => [name, median(list)])),
    })),
  }
}

const quiet = (run) => run()

async function busy(run) {
  const hogs = Array.from({ length: availableParallelism() }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
  )
  try {
    await sleep(500) // until they run
    return run()
  } finally {
    for (const hog of hogs) hog.kill('SIGKILL')
  }
}

/** A control group with the time of one CPU; undefined where none can be made, which takes Linux and, mostly, root. */
function quotaGroup() {
  const name = `clvp-bench-${process.pid}`
  const settings = [
    ['/sys/fs/cgroup/cpu', 'cpu.cfs_quota_us', '100000'],
    ['/sys/fs/cgroup', 'cpu.max', '100000 100000'],
  ]
  for (const [top, file, value] of settings) {
    const folder = join(top, name)
    try {
      mkdirSync(folder)
    } catch {
      continue // no control groups, or not ours to make
    }
    try {
      readFileSync(join(folder, file)) // a folder that is no control group has none
      writeFileSync(join(folder, file), value)
      return {
        run: (run) => run(`echo $$ > '${folder}/cgroup.procs'`),
        remove: () => rmdirSync(folder),
      }
    } catch {
      rmdirSync(folder)
    }
  }
  return undefined
}
