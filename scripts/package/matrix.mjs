#!/usr/bin/env node
/**
 * Tries the packed package with the package managers, hosts, test runners, compilers and bundlers that people use, one row at a time, and prints a
 * table. Ends with 1 if a row fails. A tool that cannot be had (no registry, no binary for this system) is skipped, and the table says why.
 *   npm run check:matrix                 with the binaries in prebuilds/, or else with the addon that this machine has built
 *   npm run check:matrix -- WORD ...     the rows whose names contain one of the words
 *   npm run check:matrix -- --keep       leaves the folder, and prints where it is
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { npmFolder, pack } from './pack.mjs'

/** Exact versions, so that a row says the same tomorrow. */
const versions = {
  pnpm: '10.24.0',
  yarn: '1.22.22',
  '@yarnpkg/cli-dist': '4.12.0',
  bun: '1.4.5',
  deno: '2.9.6',
  jest: '30.2.0',
  vitest: '3.2.4',
  esbuild: '0.28.2',
  rollup: '4.53.3',
  '@rollup/plugin-node-resolve': '16.0.3',
  '@rollup/plugin-commonjs': '29.0.0',
  '@rollup/plugin-json': '6.1.0',
  webpack: '5.103.0',
  'webpack-cli': '6.0.1',
}
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { keep: { type: 'boolean' } },
})
const programs = fileURLToPath(new URL('programs', import.meta.url))
const work = mkdtempSync(join(tmpdir(), 'clvp-matrix-'))
const npm = [process.execPath, join(npmFolder(), 'npm-cli.js')]
const limitMs = 15 * 60_000

/** A tool that cannot be had here. */
class Absent extends Error {}

function run([program, ...first], args, { cwd, env = {}, quiet = false } = {}) {
  const { status, signal, error, stdout, stderr } = spawnSync(program, [...first, ...args], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1 << 27,
    timeout: limitMs,
    env: { ...process.env, CI: '1', CLVP_CACHE: join(work, 'models'), ...env },
  })
  if (error) throw error
  if (status !== 0 && !quiet) {
    const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-12).join('\n      ')
    throw new Error(`${[program, ...first, ...args].join(' ')} ended with ${signal ?? status}\n      ${said}`)
  }
  return { stdout, stderr, status, signal }
}

/** A folder for one row, with the programs of scripts/package/programs. */
function makeApp(name) {
  const app = join(work, name)
  cpSync(programs, app, { recursive: true })
  writeFileSync(join(app, 'package.json'), '{ "name": "app", "private": true, "type": "module" }\n')
  return app
}

/** Installs tools beside the rows, and returns what runs the program of the first. */
function tool(name, bin = name, ...more) {
  const folder = join(work, 'tools', name.replace(/\W/g, '_'))
  const path = join(folder, 'node_modules', '.bin', bin)
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
    addTo(folder, name, ...more)
  }
  return [path]
}

/** Adds tools to a folder. */
function addTo(folder, ...names) {
  const wanted = names.map((name) => `${name}@${versions[name]}`)
  try {
    run(npm, ['install', '--no-audit', '--no-fund', ...wanted], { cwd: folder })
  } catch (error) {
    throw new Absent(
      `${wanted.join(', ')} could not be installed (${error.message.split('\n').at(-1).trim()})`,
    )
  }
}

let expected

/** Every program prints the codes that it drew: the same ones everywhere. */
function sameCodes(stdout) {
  const line = stdout.trim().split('\n').at(-1)
  const codes = JSON.parse(line)
  if (!Array.isArray(codes) || codes.length === 0) throw new Error(`expected codes but received ${line}`)
  expected ??= line
  if (line !== expected) throw new Error(`expected the codes ${expected} but received ${line}`)
}

const node = [process.execPath]
const tarball = () => join(work, packed.filename)
let packed
let npmApp

/** The app that npm installed, which most rows use. */
function app() {
  if (!npmApp) {
    const folder = makeApp('npm')
    run(npm, ['install', '--no-audit', '--no-fund', tarball()], { cwd: folder })
    npmApp = folder
  }
  return npmApp
}

const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')

function typeCheck(module, moduleResolution) {
  const folder = app()
  const files = moduleResolution === 'bundler' ? ['typed.ts'] : ['typed.ts', 'typed_commonjs.cts']
  const compilerOptions = {
    module,
    moduleResolution,
    target: 'ES2022',
    lib: ['ES2022'],
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    rootDir: '.',
    outDir: `out-${module}`,
  }
  writeFileSync(join(folder, `tsconfig.${module}.json`), JSON.stringify({ compilerOptions, files }))
  run(node, [tsc, '-p', `tsconfig.${module}.json`], { cwd: folder })
  sameCodes(run(node, [join(`out-${module}`, 'typed.js')], { cwd: folder }).stdout)
  if (files.length > 1) {
    sameCodes(run(node, [join(`out-${module}`, 'typed_commonjs.cjs')], { cwd: folder }).stdout)
  }
}

function vitest(pool) {
  const folder = makeApp(`vitest-${pool}`)
  run(npm, ['install', '--no-audit', '--no-fund', tarball()], { cwd: folder })
  addTo(folder, 'vitest')
  const test = "import { expect, test } from 'vitest'\n"
  writeFileSync(join(folder, 'clvp.test.mjs'), test + runnerTest)
  run([join(folder, 'node_modules/.bin/vitest')], ['run', `--pool=${pool}`, '--testTimeout=300000'], {
    cwd: folder,
  })
}

/** What every test runner runs: own samples and rows of codes, made by the runner's own realm. */
const runnerTest = `test('ranks', async () => {
  const { Clvp, ClvpError } = await import('node-clvp')
  const clvp = await Clvp.load(Clvp.demo, { threads: 1 })
  const samples = new Float32Array(24000).map((_, i) => 0.3 * Math.sin(i / (10 + (i % 4000) / 400)))
  const voice = await clvp.voice({ samples, sampleRate: 24000 })
  expect(voice.embedding.length).toBeGreaterThan(0)
  expect(await clvp.rank('Good morning.', [new Int32Array([5, 6, 7])])).toHaveLength(1)
  const error = await clvp.rank('Good morning.', [[-1]]).catch((caught) => caught)
  expect(error).toBeInstanceOf(ClvpError)
  await clvp.dispose()
}, 300000)
`

/** Runs a bundle in a folder where neither the package nor its source is. */
function runAlone(file) {
  const modules = join(app(), 'node_modules')
  const alone = join(work, `alone-${file.replace(/\W/g, '_')}`)
  mkdirSync(alone)
  cpSync(join(app(), file), join(alone, file))
  renameSync(modules, `${modules}-away`)
  try {
    return run(node, [file], { cwd: alone, quiet: true })
  } finally {
    renameSync(`${modules}-away`, modules)
  }
}

/** A bundler with the package external, and not. `bundle` writes a file from esm.mjs and returns its name. */
function bundlerRows(name, bundle) {
  return [
    [`${name}, external`, () => sameCodes(run(node, [bundle(true)], { cwd: app() }).stdout)],
    [
      `${name}, not external`,
      () => {
        const { status, stderr } = runAlone(bundle(false))
        if (status === 0 || !/mark it external/.test(stderr)) {
          throw new Error(`expected the message 'mark it external' but received: ${stderr.slice(-500)}`)
        }
      },
    ],
  ]
}

const esbuild = (isExternal) => {
  const outfile = `esbuild-${isExternal}.mjs`
  const require = "import { createRequire as make } from 'node:module'; const require = make(import.meta.url)"
  const args = [
    'esm.mjs',
    '--bundle',
    '--platform=node',
    '--format=esm',
    `--outfile=${outfile}`,
    `--banner:js=${require}`,
  ]
  run(tool('esbuild'), [...args, ...(isExternal ? ['--external:node-clvp'] : [])], { cwd: app() })
  return outfile
}

const rollup = (isExternal) => {
  const file = `rollup-${isExternal}.mjs`
  const program = tool(
    'rollup',
    'rollup',
    '@rollup/plugin-node-resolve',
    '@rollup/plugin-commonjs',
    '@rollup/plugin-json',
  )
  const config = join(dirname(dirname(dirname(program[0]))), `config-${isExternal}.mjs`)
  writeFileSync(
    config,
    `import resolve from '@rollup/plugin-node-resolve'
import commonjs from '@rollup/plugin-commonjs'
import json from '@rollup/plugin-json'
export default {
  external: ${isExternal ? "['node-clvp']" : '[]'},
  plugins: [resolve({ preferBuiltins: true }), commonjs(), json()],
  output: { format: 'es', inlineDynamicImports: true },
}
`,
  )
  run(program, ['-c', config, '-i', 'esm.mjs', '-o', file], { cwd: app() })
  return file
}

const webpack = (isExternal) => {
  const file = `webpack-${isExternal}.mjs`
  const program = tool('webpack', 'webpack', 'webpack-cli')
  const config = join(app(), `webpack-${isExternal}.config.cjs`)
  writeFileSync(
    config,
    `module.exports = {
  mode: 'production',
  target: 'node20',
  entry: './esm.mjs',
  output: { path: __dirname, filename: '${file}', module: true, chunkFormat: 'module', library: { type: 'module' } },
  experiments: { outputModule: true },
  externals: ${isExternal ? "{ 'node-clvp': 'module node-clvp' }" : '{}'},
}
`,
  )
  run([join(dirname(program[0]), 'webpack-cli')], ['--config', config], { cwd: app() })
  return file
}

const rows = [
  ['npm: ES module', () => sameCodes(run(node, ['esm.mjs'], { cwd: app() }).stdout)],
  ['npm: CommonJS', () => sameCodes(run(node, ['commonjs.cjs'], { cwd: app() }).stdout)],
  ['npm: worker thread', () => sameCodes(run(node, ['worker.mjs'], { cwd: app() }).stdout)],
  [
    'pnpm',
    () => {
      const folder = makeApp('pnpm')
      run(tool('pnpm'), ['add', tarball()], { cwd: folder })
      sameCodes(run(node, ['esm.mjs'], { cwd: folder }).stdout)
    },
  ],
  [
    'Yarn 1',
    () => {
      const folder = makeApp('yarn1')
      run(tool('yarn'), ['add', `file:${tarball()}`, '--cache-folder', join(work, 'yarn1-cache')], {
        cwd: folder,
      })
      sameCodes(run(node, ['esm.mjs'], { cwd: folder }).stdout)
    },
  ],
  [
    'Yarn 4, Plug and Play',
    () => {
      const folder = makeApp('yarn4')
      const env = {
        YARN_GLOBAL_FOLDER: join(work, 'yarn4'),
        YARN_ENABLE_TELEMETRY: '0',
        YARN_NODE_LINKER: 'pnp',
        YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
      }
      const yarn = tool('@yarnpkg/cli-dist', 'yarn')
      writeFileSync(join(folder, 'yarn.lock'), '')
      run(yarn, ['add', `node-clvp@file:${tarball()}`], { cwd: folder, env })
      sameCodes(run(yarn, ['node', 'esm.mjs'], { cwd: folder, env }).stdout)
    },
  ],
  [
    'Bun: install and run',
    () => {
      const folder = makeApp('bun')
      const bun = tool('bun')
      run(bun, ['add', tarball()], { cwd: folder })
      sameCodes(run(node, ['esm.mjs'], { cwd: folder }).stdout)
      sameCodes(run(bun, ['esm.mjs'], { cwd: folder }).stdout)
    },
  ],
  [
    'Deno: run',
    () =>
      sameCodes(
        run(tool('deno'), ['run', '-A', '--node-modules-dir=manual', 'esm.mjs'], { cwd: app() }).stdout,
      ),
  ],
  ['TypeScript: node16', () => typeCheck('node16', 'node16')],
  ['TypeScript: nodenext', () => typeCheck('nodenext', 'nodenext')],
  ['TypeScript: bundler', () => typeCheck('esnext', 'bundler')],
  [
    'node --test',
    () => {
      const imports = "import assert from 'node:assert'\nimport { test } from 'node:test'\n"
      const expect = `const expect = (value) => ({
  toBeGreaterThan: (least) => assert.ok(value > least),
  toHaveLength: (length) => assert.equal(value.length, length),
  toBeInstanceOf: (Class) => assert.ok(value instanceof Class),
})
`
      writeFileSync(join(app(), 'clvp.test.mjs'), imports + expect + runnerTest.replace(', 300000)', ')'))
      run(node, ['--test', 'clvp.test.mjs'], { cwd: app() })
    },
  ],
  [
    'Jest',
    () => {
      const folder = makeApp('jest')
      run(npm, ['install', '--no-audit', '--no-fund', tarball()], { cwd: folder })
      addTo(folder, 'jest')
      writeFileSync(
        join(folder, 'clvp.test.mjs'),
        `import { expect, test } from '@jest/globals'\n${runnerTest}`,
      )
      const args = [
        '--experimental-vm-modules',
        '--no-warnings',
        'node_modules/jest/bin/jest.js',
        '--ci',
        '--testMatch',
        '**/*.test.mjs',
      ]
      run(node, args, { cwd: folder })
    },
  ],
  ...['threads', 'forks', 'vmThreads'].map((pool) => [`vitest: ${pool}`, () => vitest(pool)]),
  ...bundlerRows('esbuild', esbuild),
  ...bundlerRows('rollup', rollup),
  ...bundlerRows('webpack', webpack),
]

const results = []
try {
  packed = pack(work, true)
  process.env.PATH = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`
  for (const [name, check] of rows) {
    if (positionals.length > 0 && !positionals.some((word) => name.includes(word))) continue
    const started = performance.now()
    let [outcome, note] = ['ok', '']
    try {
      check()
    } catch (error) {
      outcome = error instanceof Absent ? 'skipped' : 'FAILED'
      note = error.message
    }
    const seconds = ((performance.now() - started) / 1000).toFixed(0)
    results.push(outcome)
    console.log(`${name.padEnd(24)} ${outcome.padEnd(8)} ${seconds.padStart(4)} s  ${note}`)
  }
} catch (error) {
  console.error(`node-clvp: ${error.message}`)
  process.exitCode = 1
} finally {
  if (values.keep) console.log(work)
  else rmSync(work, { recursive: true, force: true })
}
const count = (outcome) => results.filter((each) => each === outcome).length
console.log(`${count('ok')} ok, ${count('FAILED')} failed, ${count('skipped')} skipped`)
if (count('FAILED') > 0 || count('ok') === 0) process.exitCode = 1
