/** The peak of this process's memory during one piece of work. Elsewhere than on Linux it is that of the whole process so far. */
import { readFileSync, writeFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc')
const isLinux = process.platform === 'linux'

/** Forgets the peak so far, and returns the bytes that the process has now, without garbage. */
export function beginPeak() {
  gc()
  if (isLinux) writeFileSync('/proc/self/clear_refs', '5')
  return isLinux ? status('VmRSS') : peak()
}

/** The most bytes that the process had since. */
export const peak = () => (isLinux ? status('VmHWM') : process.resourceUsage().maxRSS * 1024)

/** A line of /proc/self/status, in bytes. */
function status(name) {
  const line = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))
  return 1024 * Number(line[1])
}
