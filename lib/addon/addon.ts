/** Finds the native addon and loads it: a build of this machine, or the prebuilt one for its system and C library. */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ClvpError } from '../base/errors.js'
import { type BackendPackage, backendPackages } from './backends.js'

/** The package's folder: three levels above dist/lib/addon. */
export const packageRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')

export function packageVersion(): string {
  const text = readFileSync(join(packageRoot, 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/** The C library that Node runs on: 'glibc' or 'musl' on Linux; none elsewhere. */
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

/** node-gyp-build takes any musl system but Alpine for glibc, and has no other ear than the environment. */
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

/** The addon's own path. Throws where none is there. */
export function addonPath(): string {
  return nodeGypBuild().resolve(packageRoot)
}

/**
 * The addon, with the CPU kernels that lie in its folder: those that CLVP_CPU names, or the best that the machine runs.
 * Throws CLVP_UNSUPPORTED, with the binaries that were looked for and what to do.
 */
export function loadAddon(): unknown {
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

/** The backends whose packages are installed, once the addon is loaded: each of them works, or has its problem. */
export const backends: BackendPackage[] = []

/** Adds the backends that are installed. What fails is told to whoever asks for it: the CPU works without. */
function addBackends(addon: { loadBackend(path: string): void }): void {
  for (const backend of backendPackages(packageVersion(), libc())) {
    try {
      if (!backend.problem) addon.loadBackend(backend.library)
    } catch (error) {
      backend.problem = error instanceof Error ? error.message : String(error)
    }
    backends.push(backend)
  }
}

/** Why nothing was loaded, for people. */
function failure(cause: unknown): string {
  const looked = addonPaths().map((path) => `  ${path} (${existsSync(path) ? 'found' : 'not there'})`)
  const said = (cause instanceof Error ? cause.message : String(cause)).trim().split('\n')
  return [
    `node-clvp's native addon could not be loaded for ${process.platform}-${process.arch}${libc() ? ` with ${libc()}` : ''} (Node ${process.version}). Looked for:`,
    ...looked,
    `The loader said: ${said.map((line) => line.trim()).join(' ')}`,
    "Reinstall the package, or build it with 'npm rebuild node-clvp --build-from-source' (this needs CMake and a C++ compiler). 'npx clvp doctor' tells more.",
  ].join('\n')
}
