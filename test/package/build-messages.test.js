// A machine that lacks what a build needs hears what it lacks and what to do, in one message.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Runs the build script with only the named programs on the PATH; each answers anything with success. */
function build(t, programs, env = {}) {
  const bin = join(t.testdir({}), 'bin')
  mkdirSync(bin)
  for (const name of programs) writeFileSync(join(bin, name), '#!/bin/sh\nexit 0\n', { mode: 0o755 })
  const given = { PATH: bin, HOME: process.env.HOME, ...env }
  const { status, stderr } = spawnSync(process.execPath, ['scripts/build.mjs'], {
    cwd: root,
    env: given,
    encoding: 'utf8',
  })
  return { status, lines: stderr.trim().split('\n') }
}

t.test('no CMake', async (t) => {
  const { status, lines } = build(t, ['c++'])
  t.equal(status, 1)
  t.equal(lines.length, 1)
  t.match(lines[0], /needs CMake.*install it/)
})

t.test('no compiler', async (t) => {
  const { status, lines } = build(t, ['cmake'])
  t.equal(status, 1)
  t.equal(lines.length, 1)
  t.match(lines[0], /needs a C\+\+17 compiler.*install one/)
})

t.test('a GGML_SOURCE_DIR without GGML', async (t) => {
  const { status, lines } = build(t, ['cmake', 'c++'], { GGML_SOURCE_DIR: join(root, 'lib') })
  t.equal(status, 1)
  t.match(lines.at(-1), /GGML_SOURCE_DIR.*no CMakeLists.txt/)
})
