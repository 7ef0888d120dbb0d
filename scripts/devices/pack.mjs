#!/usr/bin/env node
/**
 * Packs what a bare Linux machine without a network lacks for gpu.sh into one file, some 40 MB:
 *   node scripts/devices/pack.mjs FILE.tar.xz
 * In it are this Node, the packages that the tests and the build need, the C sources of GGML's CPU and CUDA backends, and dist/.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fetchSources } from '../fetch.mjs'
import { closure } from '../package/closure.mjs'
import { root, run } from '../prebuild/tools.mjs'

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
/** Packages that are needed, with all that they need. */
const wanted = [...Object.keys(manifest.dependencies), 'tap']
/** Folders of GGML's sources that other backends fill. */
const backends = ['ggml-cpu', 'ggml-cuda']

function copy(path, folder) {
  const target = join(folder, path)
  mkdirSync(dirname(target), { recursive: true })
  cpSync(join(root, path), target, { recursive: true, filter: (from) => !/\.(map|md)$/.test(from) })
}

function copyGgml(folder) {
  const source = 'third_party/ggml/src'
  for (const path of ['CMakeLists.txt', 'LICENSE', '.version', 'cmake', 'include'])
    copy(join('third_party/ggml', path), folder)
  for (const name of readdirSync(join(root, source))) {
    const isFolder = statSync(join(root, source, name)).isDirectory()
    if (!isFolder || backends.includes(name)) copy(join(source, name), folder)
  }
}

const [target] = process.argv.slice(2)
if (!target?.endsWith('.tar.xz')) {
  console.error('usage: node scripts/devices/pack.mjs FILE.tar.xz')
  process.exit(2)
}
fetchSources()
const folder = mkdtempSync(join(tmpdir(), 'clvp-pack-'))
try {
  copyGgml(folder)
  copy('third_party/miniaudio', folder)
  copy('third_party/node-api', folder)
  copy('dist', folder)
  for (const path of closure(wanted)) copy(path.slice(root.length), folder)
  cpSync(process.execPath, join(folder, 'node'), { dereference: true })
  run('strip', [join(folder, 'node')])
  mkdirSync(dirname(resolve(target)), { recursive: true })
  run('tar', ['-C', folder, '-cf', resolve(target), '--use-compress-program=xz -6 -T2', '.'])
  console.log(`${target}: ${(statSync(target).size / 1e6).toFixed(1)} MB`)
} finally {
  rmSync(folder, { recursive: true })
}
