// A checkout builds what is missing or older than its sources, and nothing else.
import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { isStale, newest } from '../../scripts/ready.mjs'

function write(path, seconds) {
  writeFileSync(path, '')
  utimesSync(path, seconds, seconds)
}

t.test('what was made is stale once one of its sources is newer', async (t) => {
  const folder = t.testdir({ sources: { inner: {} } })
  const [made, sources] = [join(folder, 'made'), join(folder, 'sources')]
  write(join(sources, 'a'), 1000)
  write(join(sources, 'inner', 'b'), 2000)
  t.equal(isStale(made, [sources]), true, 'it is missing')
  write(made, 3000)
  t.equal(isStale(made, [sources, join(folder, 'absent')]), false)
  write(join(sources, 'inner', 'b'), 4000)
  t.equal(isStale(made, [sources]), true)
  t.equal(newest([sources]), 4_000_000)
  rmSync(join(sources, 'inner', 'b'))
  mkdirSync(join(sources, 'empty'))
  t.equal(isStale(made, [sources]), false, 'folders do not count')
})
