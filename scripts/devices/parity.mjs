#!/usr/bin/env node
/**
 * Runs the whole parity suite with a second GGML backend, to prove that no graph assumes the CPU.
 *   node scripts/devices/parity.mjs blas     OpenBLAS beside the CPU: the scheduler splits each graph between them
 *   node scripts/devices/parity.mjs rpc      the device of another process: weights, KV cache and graphs are all over there
 *   node scripts/devices/parity.mjs vulkan   any Vulkan device, Mesa's software driver too
 *   node scripts/devices/parity.mjs metal    a Mac's GPU
 * blas needs OpenBLAS with its headers, vulkan Vulkan's headers and glslc. Further arguments name tests (default: test/parity-*).
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { addonSettings } from '../build.mjs'
import { fetchSources } from '../fetch.mjs'
import { root, run } from '../prebuild/tools.mjs'
import { testFiles } from '../test_files.mjs'

const backends = {
  blas: { cmake: ['-DGGML_BLAS_VENDOR=OpenBLAS'], device: 'cpu' },
  rpc: { cmake: [], device: 'gpu' },
  // GGML takes a software driver only where it is named by its number; and it makes halves of an F32 matrix where the device has them,
  // which is 5e-4 from transformers and not 1e-4.
  vulkan: {
    cmake: [],
    device: 'vulkan',
    env: { GGML_VK_VISIBLE_DEVICES: '0', GGML_VK_DISABLE_F16: '1' },
  },
  metal: { cmake: [], device: 'metal' },
}
const [name, ...tests] = process.argv.slice(2)
const backend = backends[name]
const folder = join(root, '.build/devices', String(name))
const endpoint = '127.0.0.1:50872'

function build() {
  fetchSources()
  mkdirSync(folder, { recursive: true })
  const settings = [`-DCLVP_BACKENDS=${name}`, ...addonSettings(`${folder}/build/Release`)]
  run('cmake', ['-S.', `-B${folder}/objects`, '-GNinja', ...settings, ...backend.cmake])
  const targets = ['clvp_addon', ...(name === 'rpc' ? ['clvp_server'] : [])]
  const parallel = ['--parallel', String(availableParallelism())]
  run('cmake', ['--build', `${folder}/objects`, ...parallel, '--target', ...targets])
}

// node-gyp-build takes the addon from the folder that this variable names.
const env = {
  ...backend?.env,
  ...process.env,
  NODE_CLVP_PREBUILD: folder,
  CLVP_TEST_DEVICE: backend?.device,
  ...(name === 'rpc' && { CLVP_RPC: endpoint }),
}

/** Where the scheduler puts the nodes of a generation with the demo model: its own words, counted. */
function placement() {
  const cli = ['dist/lib/cli/main.js', 'generate', 'demo', 'Good morning.', '-n', '2', '--max-tokens', '8']
  const device = ['--device', backend.device]
  const { stderr, status } = spawnSync(process.execPath, [...cli, ...device], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 29,
    env: { ...env, GGML_SCHED_DEBUG: '2' },
  })
  if (status !== 0) throw new Error(`generating with ${name} failed: ${stderr.slice(-2000)}`)
  const counts = {}
  for (const [, where] of stderr.matchAll(/^node #.*?\[ *(\w+)/gm)) counts[where] = (counts[where] ?? 0) + 1
  return counts
}

async function main() {
  if (!backend) throw new Error(`Expected one of ${Object.keys(backends).join(', ')} but received ${name}`)
  build()
  const server =
    name === 'rpc' ? spawn(join(folder, 'objects/clvp_server'), [endpoint], { stdio: 'ignore' }) : undefined
  try {
    if (server) await setTimeout(1000)
    run(process.execPath, ['dist/lib/cli/main.js', 'devices'], { env })
    console.log('nodes by backend, of one short generation:', JSON.stringify(placement()))
    const suite = testFiles().filter((file) => file.includes('/parity-'))
    const wanted = tests.length > 0 ? tests : suite
    const tap = join(dirname(createRequire(import.meta.url).resolve('tap/package.json')), 'dist/esm/run.mjs')
    run(process.execPath, [tap, 'run', '--reporter=terse', '--jobs=1', '--timeout=600', ...wanted], { env })
    console.log(`parity with ${name}: all of ${wanted.length} files pass`)
  } finally {
    server?.kill()
  }
}

main().catch((error) => {
  console.error(`node-clvp: ${error.message}`)
  process.exitCode = 1
})
