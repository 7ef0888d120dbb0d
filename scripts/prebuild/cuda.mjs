/**
 * CMake's settings for GGML's CUDA backend on a machine without a GPU: nvcc is there, cuBLAS's headers and library come from PyPI. No
 * driver is needed: memory is taken by cudaMalloc (GGML_CUDA_NO_VMM), so the library asks for cudart and cuBLAS only. One architecture
 * as PTX runs on that and on all newer GPUs. `quick` leaves device code as it comes: a third of the time, to see that all compiles and
 * links; too slow to ship.
 */
import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { python, root, sitePackages } from './tools.mjs'

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

export function cudaSettings({ architectures, quick }) {
  const { include, links } = cublas()
  return [
    `-DCMAKE_CUDA_ARCHITECTURES=${architectures}`,
    `-DCMAKE_CUDA_FLAGS=-I${include}${quick ? ' -Xcicc -O0' : ''}`,
    '-DGGML_CUDA_NO_VMM=ON',
    '-DGGML_CUDA_NCCL=OFF',
    `-DCUDA_cublas_LIBRARY=${links}/libcublas.so`,
    `-DCUDA_cublasLt_LIBRARY=${links}/libcublasLt.so`,
  ]
}
