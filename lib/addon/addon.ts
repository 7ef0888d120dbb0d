/** Finds and loads the native addon: one built on this machine, or the prebuilt one for its system and C library. */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { ClvpError, reasonOf } from '../base/errors.js'
import { packageRoot, packageVersion } from '../base/package_root.js'
import { type BackendPackage, backendPackages } from './backends.js'

/** The C library that Node runs on: 'glibc' or 'musl' on Linux; undefined elsewhere. */
export function libc(): 'glibc' | 'musl' | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    return /\/(ld-musl|libc\.musl)-/.test(readFileSync('/proc/self/maps', 'utf8')) ? 'musl' : 'glibc'
  } catch {
    return existsSync('/etc/alpine-release') ? 'musl' : 'glibc'
  }
}

/** Where an addon for this machine may lie, in the order in which they are tried. */
export function addonPaths(): string[] {
  const name = ['node-clvp', libc(), 'node'].filter(Boolean).join('.')
  return [
    join(packageRoot, 'build', 'Release', 'clvp.node'),
    join(packageRoot, 'prebuilds', `${process.platform}-${process.arch}`, name),
  ]
}

interface NodeGypBuild {
  (folder: string): unknown
  resolve(folder: string): string
}

/** node-gyp-build mistakes every musl system but Alpine for glibc. Only the LIBC variable overrides it. */
function nodeGypBuild(): NodeGypBuild {
  const before = process.env.LIBC
  const found = libc()
  if (before === undefined && found) process.env.LIBC = found
  try {
    return createRequire(import.meta.url)('node-gyp-build') as NodeGypBuild
  } finally {
    if (before === undefined) delete process.env.LIBC
  }
}

/** The addon's path. Throws if there is no addon. */
export function addonPath(): string {
  return nodeGypBuild().resolve(packageRoot)
}

/**
 * Loads the addon and the CPU kernels in its folder: those that CLVP_CPU names, or the best that this machine supports.
 * Throws CLVP_UNSUPPORTED, with the paths tried and what to do.
 */
export function loadAddon(): unknown {
  packageVersion() // throws in a bundle
  try {
    const path = addonPath()
    const addon = createRequire(import.meta.url)(path) as {
      loadKernels(folder: string, variant: string): void
      loadBackend(path: string): void
    }
    addon.loadKernels(dirname(path), process.env.CLVP_CPU ?? '')
    addBackends(addon)
    return addon
  } catch (cause) {
    throw new ClvpError('CLVP_UNSUPPORTED', failure(cause), { cause })
  }
}

/** The installed backend packages, filled when the addon is loaded. One that cannot be used has a `problem`. */
export const backends: BackendPackage[] = []

/** Loads the installed backends. Only records a failure, for whoever requests that backend: the CPU works without it. */
function addBackends(addon: { loadBackend(path: string): void }): void {
  for (const backend of backendPackages(packageVersion(), libc())) {
    try {
      if (!backend.problem) addon.loadBackend(backend.library)
    } catch (error) {
      backend.problem = reasonOf(error)
    }
    backends.push(backend)
  }
}

/** The message that says why no addon was loaded. */
function failure(cause: unknown): string {
  const looked = addonPaths().map((path) => `  ${path} (${existsSync(path) ? 'found' : 'missing'})`)
  const said = reasonOf(cause).trim().split('\n')
  return [
    `node-clvp's native addon could not be loaded for ${process.platform}-${process.arch}${libc() ? ` with ${libc()}` : ''} (Node ${process.version}). Looked for:`,
    ...looked,
    `The loader said: ${said.map((line) => line.trim()).join(' ')}`,
    advice(),
  ].join('\n')
}

function advice(): string {
  const isPrebuilt = existsSync(addonPaths().at(-1)!)
  const build = "build it with 'npx clvp build', which needs CMake and a C++ compiler or takes them from PyPI"
  const first = isPrebuilt ? 'Reinstall the package, or' : 'The package holds no binary for this platform:'
  return `${first} ${build}. 'npx clvp doctor' shows more.`
}
