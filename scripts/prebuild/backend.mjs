#!/usr/bin/env node
/**
 * Builds one of GGML's other backends as a library that the addon loads, and packs it: .build/packages/node-clvp-linux-x64-NAME-VERSION.tgz.
 *   node scripts/prebuild/backend.mjs vulkan       needs Vulkan's headers and glslc
 *   node scripts/prebuild/backend.mjs blas         needs OpenBLAS with its headers
 *   node scripts/prebuild/backend.mjs cuda [--architectures 80-virtual] [--quick]      needs nvcc; cuBLAS comes from PyPI
 *   --jobs 1       compilers at a time
 * The library asks for the glibc of the host it is built on, so build what you publish on an old one. No device and no driver is needed.
 */
import { copyFileSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { backendPackageName } from '../../dist/lib/addon/backends.js'
import { packageVersion } from '../../dist/lib/base/package_root.js'
import { fetchSources } from '../fetch.mjs'
import { cudaSettings } from './cuda.mjs'
import { exportedNames, neededLibraries, newestGlibcOf } from './symbols.mjs'
import { output, root, run } from './tools.mjs'

const backends = {
  cuda: {
    settings: cudaSettings,
    needs: 'CUDA 13 with cuBLAS (libcudart.so.13, libcublas.so.13), and the driver',
  },
  vulkan: { settings: () => [], needs: "Vulkan's loader (libvulkan.so.1), and a driver" },
  blas: { settings: () => ['-DGGML_BLAS_VENDOR=OpenBLAS'], needs: 'OpenBLAS (libopenblas.so.0)' },
}

/** The library's path. */
function build(name, settings, jobs) {
  const out = join(root, '.build', name)
  const library = `libclvp-${name}-glibc-${packageVersion()}.so`
  fetchSources()
  run('cmake', [
    '-S.',
    `-B${out}`,
    '-GNinja',
    '-DCLVP_ADDON=OFF',
    '-DCLVP_CPU_VARIANTS=haswell', // not built: it makes each backend a library
    `-DCLVP_BACKENDS=${name}`,
    `-DCMAKE_LIBRARY_OUTPUT_DIRECTORY=${out}/lib`,
    '-DCMAKE_MODULE_LINKER_FLAGS=-Wl,--strip-all',
    ...settings,
  ])
  run('cmake', ['--build', out, '--target', `ggml-${name}`, '--parallel', jobs])
  return join(out, 'lib', library)
}

/** The tarball's path. */
function pack(name, library, needs) {
  const packages = join(root, '.build/packages')
  const folder = join(packages, `linux-${process.arch}-${name}`)
  const version = packageVersion()
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  copyFileSync(library, join(folder, basename(library)))
  for (const file of ['LICENSE', 'THIRD_PARTY_NOTICES.md']) copyFileSync(join(root, file), join(folder, file))
  const manifest = {
    name: backendPackageName(name),
    version,
    description: `GGML's ${name} backend for node-clvp`,
    license: 'MIT',
    os: ['linux'],
    cpu: [process.arch],
    libc: ['glibc'],
    peerDependencies: { 'node-clvp': version },
  }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  writeFileSync(
    join(folder, 'README.md'),
    `# ${manifest.name}\n\nGGML's ${name} backend for node-clvp ${version}, which finds it by itself: install both. It needs ${needs}.\n`,
  )
  const [packed] = JSON.parse(output('npm', ['pack', '--json', '--pack-destination', packages, folder]))
  return join(packages, packed.filename)
}

function report(library, tarball) {
  const megabytes = (path) => `${(statSync(path).size / 1e6).toFixed(1)} MB`
  console.log(`${basename(library)}: ${megabytes(library)}`)
  console.log(
    `needs: ${neededLibraries(library).join(', ')}; glibc ${newestGlibcOf(library)?.join('.') ?? 'any'} or newer`,
  )
  console.log(
    `exports: ${exportedNames(library)
      .filter((name) => name.startsWith('ggml_'))
      .join(', ')}`,
  )
  console.log(`${tarball}: ${megabytes(tarball)}`)
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    architectures: { type: 'string', default: '80-virtual' },
    jobs: { type: 'string', default: '1' },
    quick: { type: 'boolean' },
  },
})
try {
  const [name] = positionals
  const backend = backends[name]
  if (!backend) throw new Error(`Expected one of ${Object.keys(backends).join(', ')} but received ${name}`)
  const library = build(name, backend.settings(values), values.jobs)
  report(library, pack(name, library, backend.needs))
} catch (error) {
  console.error(`node-clvp: ${error.message}`)
  process.exitCode = 1
}
