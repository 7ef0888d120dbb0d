/** The parts of this installation, and its problems. */
import { reasonOf } from '../base/errors.js'
import { packageVersion } from '../base/package_root.js'
import { addonPath, addonPaths, backends, libc } from './addon.js'
import { binding } from './binding.js'
import { type Device, devices } from './devices.js'

/** What diagnose() finds. */
export interface Diagnosis {
  /** Version of this package; 'unknown' in a bundle. */
  version: string
  node: string
  /** Such as 'linux-x64'. */
  platform: string
  /** 'glibc 2.36' or 'musl' on Linux; null elsewhere. */
  libc: string | null
  /** Path of the loaded addon; null if none could be loaded. */
  addon: string | null
  /** Prebuilt with the package, or built on this machine; null without an addon. */
  origin: 'prebuilt' | 'built' | null
  /** Paths where an addon was searched, in order. */
  lookedFor: string[]
  /** The code that computes on the CPU; null without an addon. */
  cpu: {
    /** The level of CPU features, such as 'haswell'; 'built in' if there is only one. */
    variant: string
    /** File of the library; null if it is built in. */
    library: string | null
    /** CPU features that it uses, such as 'AVX2'. */
    features: string[]
  } | null
  /** GGML's version; null without an addon. */
  ggml: string | null
  /** Libraries from packages that add backends, such as @node-clvp/linux-x64-cuda. */
  backends: string[]
  devices: Device[]
  /** What is wrong and what to do, at least one sentence each; empty if all is well. */
  problems: string[]
}

/**
 * Loads the addon, and reports what was loaded and what is wrong. Never throws.
 *
 * @example
 * ```js
 * const { problems } = diagnose()
 * if (problems.length > 0) console.error(problems.join('\n'))
 * ```
 */
export function diagnose(): Diagnosis {
  const found: Diagnosis = {
    version: versionIfThere(),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    libc: libcVersion(),
    addon: null,
    origin: null,
    lookedFor: addonPaths(),
    cpu: null,
    ggml: null,
    backends: [],
    devices: [],
    problems: [],
  }
  try {
    const { variant, library, features, ggml } = binding.kernels()
    found.addon = addonPath()
    found.origin = /[\\/]prebuilds[\\/]/.test(found.addon) ? 'prebuilt' : 'built'
    found.cpu = { variant, library: library || null, features }
    found.ggml = ggml
    found.devices = devices()
    found.backends = backends.filter(({ problem }) => !problem).map(({ library }) => library)
    found.problems.push(...backends.flatMap(({ problem }) => problem ?? []))
  } catch (error) {
    found.problems.push(reasonOf(error))
  }
  return found
}

/** A bundle has lost it; the problem is told where the addon is loaded. */
function versionIfThere(): string {
  try {
    return packageVersion()
  } catch {
    return 'unknown'
  }
}

function libcVersion(): string | null {
  if (libc() !== 'glibc') return libc() ?? null
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  return `glibc ${header?.glibcVersionRuntime ?? ''}`.trim()
}
