#!/usr/bin/env node
/**
 * Proves the package as its users get it: packs it, and installs the tarball, beside those of what it needs, into an empty folder where there are
 * node and npm and nothing else on the PATH, no registry and no install scripts. There the doctor, the demo, and programs of each kind run.
 *   node scripts/package/check.mjs            with the binaries in prebuilds/ (npm run prebuilds)
 *   node scripts/package/check.mjs --built    with the addon that this machine has built, in place of a prebuilt one
 *   --some                                    with this machine's prebuilt binaries alone
 *   --node PROGRAM                            another Node, such as an older one
 *   --backend vulkan                          with that backend's package beside it (scripts/prebuild/backend.mjs), on its device
 */
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { packageVersion } from '../../dist/lib/base/package_root.js'
import { bySize, checkContents } from './contents.mjs'
import { npmFolder, pack, packDependencies } from './pack.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const programs = fileURLToPath(new URL('programs', import.meta.url))
const { values } = parseArgs({
  options: {
    built: { type: 'boolean' },
    node: { type: 'string' },
    some: { type: 'boolean' },
    backend: { type: 'string' },
  },
})
const node = realpathSync(values.node ?? process.execPath)
const work = mkdtempSync(join(tmpdir(), 'clvp-package-'))
const bin = join(work, 'bin')
const app = join(work, 'app')

/** The packed package of the backend that was asked for. */
function backendPackages() {
  if (!values.backend) return []
  const folder = join(root, '.build/packages')
  const name = `node-clvp-linux-${process.arch}-${values.backend}-${packageVersion()}.tgz`
  if (!existsSync(join(folder, name))) {
    throw new Error(
      `${join(folder, name)} is not there: 'node scripts/prebuild/backend.mjs ${values.backend}' makes it`,
    )
  }
  return [join(folder, name)]
}

/** A PATH with nothing but node, npm and npx; a home without settings; a registry that is not there. */
function emptyWorld() {
  mkdirSync(bin)
  mkdirSync(app)
  symlinkSync(node, join(bin, 'node'))
  for (const name of ['npm', 'npx']) symlinkSync(join(npmFolder(), `${name}-cli.js`), join(bin, name))
  writeFileSync(join(app, 'package.json'), '{ "private": true }\n')
  return {
    PATH: bin,
    HOME: work,
    TMPDIR: work,
    npm_config_cache: join(work, 'cache'),
    npm_config_registry: 'http://127.0.0.1:9/',
    npm_config_offline: 'true',
    npm_config_script_shell: '/bin/sh',
    npm_config_update_notifier: 'false',
    CLVP_CACHE: join(work, 'models'),
    // Which of Vulkan's devices GGML takes: a software driver only where it is named.
    ...(process.env.GGML_VK_VISIBLE_DEVICES && {
      GGML_VK_VISIBLE_DEVICES: process.env.GGML_VK_VISIBLE_DEVICES,
    }),
  }
}

const env = emptyWorld()

/** Runs a program in that world, shows what it prints, and returns it; throws unless it ends well. */
function step(what, program, ...args) {
  const { status, stdout, stderr, error } = spawnSync(join(bin, program), args, {
    cwd: app,
    env,
    encoding: 'utf8',
  })
  if (error) throw error
  console.log(`# ${what}\n${stdout.trim()}`)
  if (status !== 0) throw new Error(`${what}: status ${status}\n${stderr}`)
  return stdout
}

function typeCheck() {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
  return step('type check', 'node', tsc, '-p', 'tsconfig.json')
}

/** The backend's library is among what was loaded, and its device, if it has one of its own, draws. */
function checkBackend() {
  const { backends } = JSON.parse(step('clvp doctor --json', 'npx', 'clvp', 'doctor', '--json'))
  if (!backends.some((library) => library.includes(`clvp-${values.backend}-`))) {
    throw new Error(`expected the backend ${values.backend} but received ${JSON.stringify(backends)}`)
  }
  const device = values.backend === 'blas' ? 'cpu' : values.backend
  const codes = (name) => {
    const args = ['demo', 'Good morning Anna.', '--temperature', '0', '--candidates', '1', '--device', name]
    const found = JSON.parse(step(`on ${name}`, 'npx', 'clvp', 'generate', ...args, '--json'))
    return JSON.stringify(found.candidates[0].codes)
  }
  sameCodes({ esm: codes('cpu'), [device]: codes(device) })
}

function sameCodes(rows) {
  const different = Object.entries(rows).filter(([, codes]) => codes !== rows.esm)
  if (different.length > 0 || JSON.parse(rows.esm).length === 0) {
    throw new Error(`expected the same codes from every program but received ${JSON.stringify(rows)}`)
  }
}

try {
  const tarball = pack(work, values.built)
  checkContents(tarball, { everyTarget: !values.built && !values.some })
  console.log(
    `# ${tarball.filename}: ${(tarball.size / 1e6).toFixed(2)} MB, ${tarball.entryCount} files\n${bySize(tarball)}`,
  )
  step(
    'install',
    'npm',
    'install',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    join(work, tarball.filename),
    ...packDependencies(work),
    ...backendPackages(),
  )
  cpSync(programs, app, { recursive: true })
  writeFileSync(join(app, 'package.json'), '{ "private": true, "type": "module" }\n')
  step('npx clvp doctor', 'npx', 'clvp', 'doctor')
  const demo = [
    'generate',
    'demo',
    'Good morning Anna.',
    '--candidates',
    '4',
    '--seed',
    '1',
    '--wav',
    'demo.wav',
  ]
  step('npx clvp generate demo', 'npx', 'clvp', ...demo)
  if (statSync(join(app, 'demo.wav')).size < 10000) throw new Error('the demo left no sound')
  if (values.backend) checkBackend()
  typeCheck()
  sameCodes({
    esm: step('ES module', 'node', 'esm.mjs'),
    commonjs: step('CommonJS', 'node', 'commonjs.cjs'),
    typescript: step('TypeScript', 'node', 'typed.js'),
    typedCommonJs: step('TypeScript, CommonJS', 'node', 'typed_commonjs.cjs'),
    worker: step('worker thread', 'node', 'worker.mjs'),
  })
  const left = readdirSync(app).filter((file) => /\.(o|tmp)$/.test(file))
  if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`)
  console.log('# the package is sound')
} catch (error) {
  console.error(`node-clvp: ${error.message}`)
  process.exitCode = 1
} finally {
  rmSync(work, { recursive: true, force: true })
}
