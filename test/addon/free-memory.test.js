// How much memory may still be taken: the machine's, and that of the control groups of both versions.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { checkMemory, freeMemory } from '../../dist/lib/addon/free_memory.js'

const meminfo = 'MemTotal:  8000000 kB\nMemAvailable:  4000000 kB\n'
const machine = 4000000 * 1024

/** A system's files, by path. */
function system(t, files) {
  const root = t.testdir({})
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return freeMemory(root)
}

const group2 = (folder, max, current, file) => ({
  [`sys/fs/cgroup/${folder}memory.max`]: `${max}\n`,
  [`sys/fs/cgroup/${folder}memory.current`]: `${current}\n`,
  [`sys/fs/cgroup/${folder}memory.stat`]: `anon 1\ninactive_file ${file}\nactive_file 5\n`,
})
const group1 = (folder, max, current, file) => ({
  [`sys/fs/cgroup/memory/${folder}memory.limit_in_bytes`]: `${max}\n`,
  [`sys/fs/cgroup/memory/${folder}memory.usage_in_bytes`]: `${current}\n`,
  [`sys/fs/cgroup/memory/${folder}memory.stat`]: `inactive_file 7\ntotal_inactive_file ${file}\ntotal_active_file 5\n`,
})

if (process.platform !== 'linux') {
  t.equal(freeMemory(), undefined)
} else {
  t.test('this machine', async (t) => t.ok(freeMemory() > 1e6))

  t.test('nothing is told', async (t) => t.equal(system(t, {}), undefined))

  t.test('no groups', async (t) => {
    t.equal(system(t, { 'proc/meminfo': meminfo, 'proc/self/cgroup': '0::/\n' }), machine)
  })

  t.test('version 2: pages of files count as free, and the tightest group counts', async (t) => {
    const own = { 'proc/meminfo': meminfo, 'proc/self/cgroup': '0::/a/b\n' }
    t.equal(system(t, { ...own, ...group2('a/b/', 1000, 900, 400) }), 505)
    t.equal(system(t, { ...own, ...group2('a/b/', 'max', 900, 400), ...group2('a/', 700, 900, 400) }), 205)
    t.equal(system(t, { ...own, ...group2('a/b/', 'max', 900, 400) }), machine)
  })

  t.test('version 1', async (t) => {
    const own = { 'proc/meminfo': meminfo, 'proc/self/cgroup': '5:cpu:/x\n4:cpuset,memory:/a\n0::/\n' }
    t.equal(system(t, { ...own, ...group1('a/', 1000, 900, 400) }), 505)
    t.equal(system(t, { ...own, ...group1('a/', '9223372036854771712', 900, 400) }), machine)
  })

  t.test("in a container the path is the host's", async (t) => {
    const own = { 'proc/meminfo': meminfo, 'proc/self/cgroup': '0::/docker/123\n' }
    t.equal(system(t, { ...own, ...group2('', 1000, 900, 400) }), 505)
  })

  t.test('a full group', async (t) => {
    const own = { 'proc/meminfo': meminfo, 'proc/self/cgroup': '0::/a\n' }
    t.equal(
      system(t, { ...own, ...group2('a/', 1000, 2000, 0) }),
      1,
      'never 0, which means that nothing is known',
    )
  })

  t.test('more than there is', async (t) => {
    t.equal(checkMemory(1000, 'use less'), undefined)
    t.throws(() => checkMemory(1e18, 'use less'), {
      code: 'CLVP_OUT_OF_MEMORY',
      message: /^Expected 1000000000000 MB of free memory for this call but received \d+ MB: use less$/,
    })
  })
}
