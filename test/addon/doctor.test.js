// doctor: what was loaded and, where nothing could be, which binaries were looked for and what to do.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { diagnose } from '../../dist/lib/index.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

function doctor(folder, args = [], env = {}) {
  const main = join(folder, 'dist', 'lib', 'cli', 'main.js')
  const options = { encoding: 'utf8', env: { ...process.env, ...env } }
  return spawnSync(process.execPath, [main, 'doctor', ...args], options)
}

/** The package's JavaScript in a folder of its own, without an addon. */
function bare(t) {
  const folder = t.testdir({})
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true })
  cpSync(join(root, 'package.json'), join(folder, 'package.json'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

t.test('what was loaded', async (t) => {
  const { status, stdout, stderr } = doctor(root, ['--json'])
  const found = JSON.parse(stdout)
  t.match({ status, stderr }, { status: 0, stderr: '' })
  t.same(found.problems, [])
  t.match(found, { node: process.version, platform: `${process.platform}-${process.arch}` })
  t.ok(found.lookedFor.includes(found.addon))
  t.match(found.ggml, /^\d+\.\d+\.\d+/)
  t.ok(found.cpu.features.length > 0)
  t.equal(found.devices.at(-1).kind, 'cpu')
  t.same(diagnose().cpu, found.cpu)
  t.match(doctor(root).stdout, /CPU features +\w[\s\S]*All is well\./)
})

t.test('no addon', async (t) => {
  const folder = bare(t)
  const { status, stdout } = doctor(folder, ['--json'])
  const found = JSON.parse(stdout)
  t.equal(status, 1)
  t.match(found, { addon: null, cpu: null, ggml: null, devices: [] })
  t.equal(found.problems.length, 1)
  for (const path of found.lookedFor) {
    t.ok(path.startsWith(folder))
    t.ok(found.problems[0].includes(`${path} (missing)`))
  }
  t.match(found.problems[0], /holds no binary for this platform: build it with 'npx clvp build'/)
  t.match(doctor(folder).stdout, /Problems:\n/)
})

t.test('an addon that is damaged', async (t) => {
  const folder = bare(t)
  mkdirSync(join(folder, 'build', 'Release'), { recursive: true })
  const path = join(folder, 'build', 'Release', 'clvp.node')
  writeFileSync(path, 'no library')
  const { status, stdout } = doctor(folder, ['--json'])
  t.equal(status, 1)
  const [problem] = JSON.parse(stdout).problems
  t.ok(problem.includes(`${path} (found)`))
  t.match(problem, /The loader said: .*clvp\.node/)
})

t.test('CPU kernels that are not there', async (t) => {
  const { status, stdout } = doctor(root, ['--json'], { CLVP_CPU: 'abacus' })
  t.equal(status, 1)
  t.match(JSON.parse(stdout).problems[0], /Expected .*CPU .*but received 'abacus'/)
})
