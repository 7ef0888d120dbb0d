#!/usr/bin/env node
/**
 * The native tests of the ARM kernels on emulated CPUs: an old one, one with dot products of bytes, and one with products of matrices of bytes.
 * Emulation tells whether they are right, not how fast they are.
 *
 *   npm run test:arm [-- WORDS]   only tests whose names hold one of the words
 *
 * Needs Debian's g++-aarch64-linux-gnu and qemu-user-static. Builds in .build/arm64.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const build = join(root, '.build/arm64')
const compiler = 'aarch64-linux-gnu-'
const emulator = 'qemu-aarch64-static'
/** CPUs as qemu names them, and the kernels that they choose. */
const cpus = { 'cortex-a72': 'plain', 'neoverse-n1': 'dotprod', max: 'i8mm' }

function run(program, args) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: 'inherit' })
  if (error || status !== 0) {
    console.error(`${program} ${args.join(' ')} ${error ? error.message : `ended with status ${status}`}`)
    process.exit(1)
  }
}

for (const program of [`${compiler}g++`, emulator]) {
  if (spawnSync(program, ['--version']).status !== 0) {
    console.error(
      `Expected ${program} on the PATH but found none: install g++-aarch64-linux-gnu and qemu-user-static`,
    )
    process.exit(1)
  }
}
run('cmake', [
  ...['-S', root, '-B', build, '-G', 'Ninja', '-DCMAKE_BUILD_TYPE=Release'],
  ...['-DCMAKE_SYSTEM_NAME=Linux', '-DCMAKE_SYSTEM_PROCESSOR=aarch64'],
  ...[`-DCMAKE_C_COMPILER=${compiler}gcc`, `-DCMAKE_CXX_COMPILER=${compiler}g++`],
  ...['-DCLVP_TESTS=ON', '-DCLVP_ADDON=OFF', '-DCLVP_NATIVE=OFF'],
])
run('cmake', ['--build', build, '--target', 'clvp_tests', '--parallel'])
for (const [cpu, kernels] of Object.entries(cpus)) {
  console.log(`# ${cpu}: kernels ${kernels}`)
  run(emulator, [
    ...['-L', '/usr/aarch64-linux-gnu', '-cpu', cpu],
    ...[join(build, 'clvp_tests'), ...process.argv.slice(2)],
  ])
}
