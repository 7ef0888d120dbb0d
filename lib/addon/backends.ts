/**
 * GGML's other backends. Each is a library in a separate package: `npm install @node-clvp/linux-x64-cuda`. A library
 * fits only the GGML that it was built with, so its package and this one must have the same version.
 */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const names = ['cuda', 'vulkan', 'blas'] as const

/** Does the backend come in a separate package? */
export const isBackend = (name: string): boolean => (names as readonly string[]).includes(name)

/** An installed backend package. */
export interface BackendPackage {
  /** 'cuda' */
  backend: string
  /** '@node-clvp/linux-x64-cuda' */
  name: string
  library: string
  /** Why it cannot be used, and what to do. */
  problem?: string
}

/** The package of a backend for this machine; undefined where none exists and only a build from source has the backend. */
export const backendPackageName = (backend: string): string | undefined =>
  process.platform === 'linux' ? `@node-clvp/linux-${process.arch}-${backend}` : undefined

/** The backend packages that are installed next to this one. */
export function backendPackages(version: string, libc: string | undefined): BackendPackage[] {
  const require = createRequire(import.meta.url)
  return names.flatMap((backend) => {
    const name = backendPackageName(backend)
    if (!name) return []
    const file = `libclvp-${backend}-${libc}-${version}.so`
    try {
      const manifest = require.resolve(`${name}/package.json`)
      return [{ backend, name, ...examine(manifest, name, file, version) }]
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return [] // not installed, as on most machines
      const problem = `${name} cannot be read: ${(error as Error).message}. Reinstall it`
      return [{ backend, name, library: file, problem }]
    }
  })
}

function examine(manifest: string, name: string, file: string, version: string) {
  const library = join(dirname(manifest), file)
  const { version: own } = JSON.parse(readFileSync(manifest, 'utf8')) as { version?: string }
  if (own !== version) {
    const problem = `${name} has version ${own} but node-clvp has ${version}: install ${name}@${version}`
    return { library, problem }
  }
  if (existsSync(library)) return { library }
  const problem = `${name} has no ${file}: reinstall it, or build node-clvp from source if the package does not support this C library`
  return { library, problem }
}
