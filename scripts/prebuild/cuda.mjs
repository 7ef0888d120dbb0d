#!/usr/bin/env node
/**
 * Builds GGML's CUDA backend as a library that the addon loads: .build/cuda/clvp-cuda-glibc-VERSION.so.
 *   node scripts/prebuild/cuda.mjs [--architectures 80-virtual] [--jobs 1] [--quick]
 * --quick leaves device code as it comes: a third of the time, to see that all compiles and links; too slow to ship.
 * Needs nvcc; cuBLAS's headers and library come from PyPI. No GPU is needed, and no driver: memory is taken by cudaMalloc
 * (GGML_CUDA_NO_VMM), so the library asks for cudart and cuBLAS only. One architecture as PTX runs on that and on all newer GPUs.
 */
import { mkdirSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fetchSources } from '../fetch.mjs'
import { output, python, root, run, sitePackages } from './tools.mjs'

const { values } = parseArgs({
  options: {
    architectures: { type: 'string', default: '80-virtual' },
    jobs: { type: 'string', default: '1' },
    quick: { type: 'boolean' },
  },
})
const out = join(root, '.build/cuda')

/** PyPI's cuBLAS has no development links; CMake looks for them. */
function cublas() {
  const from = join(sitePackages(python('requirements-cuda.txt')), 'nvidia/cu13')
  const links = join(root, '.cache/cublas')
  mkdirSync(links, { recursive: true })
  for (const name of ['cublas', 'cublasLt']) {
    const link = join(links, `lib${name}.so`)
    rmSync(link, { force: true })
    symlinkSync(join(from, 'lib', `lib${name}.so.13`), link)
  }
  return { include: join(from, 'include'), links }
}

fetchSources()
const { include, links } = cublas()
run('cmake', [
  '-S.',
  `-B${out}`,
  '-GNinja',
  '-DCLVP_ADDON=OFF',
  '-DCLVP_CPU_VARIANTS=haswell',
  '-DCLVP_BACKENDS=cuda',
  `-DCMAKE_LIBRARY_OUTPUT_DIRECTORY=${out}/lib`,
  `-DCMAKE_CUDA_ARCHITECTURES=${values.architectures}`,
  `-DCMAKE_CUDA_FLAGS=-I${include}${values.quick ? ' -Xcicc -O0' : ''}`,
  '-DGGML_CUDA_NO_VMM=ON',
  '-DGGML_CUDA_NCCL=OFF',
  `-DCUDA_cublas_LIBRARY=${links}/libcublas.so`,
  `-DCUDA_cublasLt_LIBRARY=${links}/libcublasLt.so`,
])
run('cmake', ['--build', out, '--target', 'ggml-cuda', '--parallel', values.jobs])

const name = readdirSync(join(out, 'lib')).find((file) => file.includes('clvp-cuda'))
const library = join(out, 'lib', name)
console.log(`${name}: ${(statSync(library).size / 1e6).toFixed(1)} MB`)
console.log(
  output('readelf', ['-d', library])
    .match(/.*(NEEDED|SONAME|RUNPATH|RPATH).*/g)
    .join('\n'),
)
console.log('exported:')
console.log(output('nm', ['-D', '--defined-only', library]))
