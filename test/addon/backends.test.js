// Packages of other backends: one that is installed is loaded or told about, and a device that is not there names its package.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import t from 'tap'
import { diagnose } from '../../dist/lib/index.js'
import { tinyFile } from '../helpers/model.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const file = await tinyFile()
const { addon, devices, version } = diagnose()
const name = `@node-clvp/linux-${process.arch}-cuda`
const library = `libclvp-cuda-glibc-${version}.so`
const skip =
  process.platform !== 'linux' || devices.length > 1 ? 'needs Linux, with no device but the CPU' : false

/** This package in a folder of its own, with one more package beside its dependencies. */
function installed(t, files) {
  const folder = t.testdir({ build: { Release: {} }, node_modules: {} })
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true })
  cpSync(join(root, 'package.json'), join(folder, 'package.json'))
  symlinkSync(addon, join(folder, 'build/Release/clvp.node'))
  for (const each of readdirSync(join(root, 'node_modules'))) {
    if (each === '@node-clvp') continue // its folder is written to
    symlinkSync(join(root, 'node_modules', each), join(folder, 'node_modules', each))
  }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, 'node_modules', name), { recursive: true })
    writeFileSync(join(folder, 'node_modules', name, path), text)
  }
  return folder
}

function run(script) {
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  })
  t.equal(stderr, '', 'nothing on stderr')
  return JSON.parse(stdout)
}

/** What the doctor finds, and what a load for CUDA says. */
function found(folder) {
  return run(
    `import { Clvp, diagnose } from ${JSON.stringify(pathToFileURL(join(folder, 'dist/lib/index.js')))}
     const { problems, backends } = diagnose()
     const { code, message } = await Clvp.load(${JSON.stringify(file)}, { device: 'cuda' }).catch((error) => error)
     const cpu = await Clvp.load(${JSON.stringify(file)}, { device: 'cpu', threads: 1 })
     await cpu.dispose()
     console.log(JSON.stringify({ problems, backends, code, message, cpu: cpu.info.device }))`,
  )
}

t.test('no package', { skip }, async (t) => {
  const { problems, backends, code, message, cpu } = found(installed(t, {}))
  t.same({ problems, backends, code, cpu }, { problems: [], backends: [], code: 'CLVP_DEVICE', cpu: 'CPU' })
  t.ok(message.endsWith(`Install ${name}, in the same version as node-clvp, for that backend`), message)
})

const wrong = [
  {
    what: 'another version',
    files: { 'package.json': '{ "version": "0.0.9" }', [library]: '' },
    problem: `${name} has version 0.0.9 but node-clvp has ${version}: install ${name}@${version}`,
  },
  {
    what: 'no library',
    files: { 'package.json': JSON.stringify({ version }) },
    problem: `${name} has no ${library}: reinstall it, or build node-clvp from source if the package does not support this C library`,
  },
  {
    what: 'a library that is none',
    files: { 'package.json': JSON.stringify({ version }), [library]: 'no library' },
    problem: /could not be loaded|cannot be added to a build with built-in backends/,
  },
  {
    what: 'a manifest that is none',
    files: { 'package.json': '{', [library]: '' },
    problem: /cannot be read: .*Reinstall it/,
  },
]
for (const { what, files, problem } of wrong) {
  t.test(what, { skip }, async (t) => {
    const { problems, backends, code, message, cpu } = found(installed(t, files))
    t.match(problems, [problem])
    t.equal(problems.length, 1)
    t.same({ backends, code, cpu }, { backends: [], code: 'CLVP_DEVICE', cpu: 'CPU' })
    t.ok(message.endsWith(`. ${problems[0]}`), 'the device says so too')
  })
}

t.test('a number too high is no matter of packages', { skip }, async (t) => {
  const { message } = run(
    `import { Clvp } from ${JSON.stringify(pathToFileURL(join(root, 'dist/lib/index.js')))}
     const { message } = await Clvp.load(${JSON.stringify(file)}, { device: 'cpu:1' }).catch((error) => error)
     console.log(JSON.stringify({ message }))`,
  )
  t.notMatch(message, /package/)
})
