/** The memory that this process may still take. A call that needs more is refused, before the system kills the process. */
import { readFileSync } from 'node:fs'
import { freemem } from 'node:os'
import { join } from 'node:path'
import { ClvpError } from '../base/errors.js'

/**
 * In bytes; undefined where the system does not tell. On Linux, the least of what the machine and each control group have free.
 *
 * @param root the folder that holds /proc and /sys, for tests
 */
export function freeMemory(root = '/'): number | undefined {
  if (process.platform !== 'linux') return undefined
  const known = [ofMachine(root), ...ofGroups(root)].filter((bytes) => bytes !== undefined)
  return known.length > 0 ? Math.max(1, Math.min(...known)) : undefined
}

/** freeMemory() where it is known, otherwise what the system reports as free. */
export function availableMemory(): number {
  return freeMemory() ?? freemem()
}

/** What freeMemory() found, and until when it is taken for true: reading it takes as long as planning a call. */
const known = { bytes: undefined as number | undefined, until: 0 }
const knownMs = 10

/** Throws CLVP_OUT_OF_MEMORY if a call needs more memory than is free. Calls that come together are held against one reading. */
export function checkMemory(bytes: number, remedy: string): void {
  const now = performance.now()
  if (now > known.until) {
    known.bytes = freeMemory()
    known.until = now + knownMs
  }
  const available = known.bytes
  if (available === undefined || bytes <= available) return
  throw new ClvpError(
    'CLVP_OUT_OF_MEMORY',
    `Expected ${megabytes(bytes)} of free memory for this call but received ${megabytes(available)}: ${remedy}`,
  )
}

const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function ofMachine(root: string): number | undefined {
  const found = /^MemAvailable: +(\d+) kB$/m.exec(read(join(root, 'proc/meminfo')) ?? '')
  return found ? Number(found[1]) * 1024 : undefined
}

/** Free memory of the process's control group and of all its parents, in the layouts of both versions. */
function ofGroups(root: string): (number | undefined)[] {
  const found: (number | undefined)[] = []
  for (const line of (read(join(root, 'proc/self/cgroup')) ?? '').trim().split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    if (path === undefined) continue
    const top = join(root, 'sys/fs/cgroup')
    if (controllers === '') found.push(...upwards(top, path, version2))
    if (controllers?.split(',').includes('memory'))
      found.push(...upwards(join(top, 'memory'), path, version1))
  }
  return found
}

interface Layout {
  limit: string
  usage: string
  /** Lines of memory.stat that count file pages, which the kernel reclaims first. */
  reclaimable: RegExp
}

const version2: Layout = {
  limit: 'memory.max',
  usage: 'memory.current',
  reclaimable: /^(?:in)?active_file (\d+)$/gm,
}
const version1: Layout = {
  limit: 'memory.limit_in_bytes',
  usage: 'memory.usage_in_bytes',
  reclaimable: /^total_(?:in)?active_file (\d+)$/gm,
}

/** In a container the path is the host's, and the group itself lies at the top. */
function upwards(top: string, path: string, layout: Layout): (number | undefined)[] {
  const parts = path.split('/').filter(Boolean)
  return Array.from({ length: parts.length + 1 }, (_, n) => ofGroup(join(top, ...parts.slice(0, n)), layout))
}

function ofGroup(folder: string, { limit, usage, reclaimable }: Layout): number | undefined {
  const [most, used] = [limit, usage].map((name) => Number.parseInt(read(join(folder, name)) ?? '', 10))
  if (!Number.isFinite(most) || !Number.isFinite(used)) return undefined
  const stat = read(join(folder, 'memory.stat')) ?? ''
  const files = [...stat.matchAll(reclaimable)].reduce((sum, [, bytes]) => sum + Number(bytes), 0)
  return Math.max(0, most! - Math.max(0, used! - files))
}
