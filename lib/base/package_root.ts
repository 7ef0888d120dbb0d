/** Where this package lies on the disk. Its addon, its models and its other files are found relative to its own code, so a bundle has none. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ClvpError } from './errors.js'

/** Bundlers that write CommonJS leave no address. */
const address = import.meta.url as string | undefined

/** The package's folder: three levels above dist/lib/base. In a bundle it is some other folder. */
export const packageRoot = address?.startsWith('file:')
  ? join(dirname(fileURLToPath(address)), '..', '..', '..')
  : ''

interface Manifest {
  name?: string
  version: string
}

let manifest: Manifest | undefined

function readManifest(): Manifest {
  try {
    return JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'))
  } catch {
    return { version: '' }
  }
}

/**
 * The package's version.
 *
 * @throws ClvpError CLVP_UNSUPPORTED if this code was bundled, and so has lost the files of its package
 */
export function packageVersion(): string {
  manifest ??= readManifest()
  if (manifest.name === 'node-clvp') return manifest.version
  throw new ClvpError(
    'CLVP_UNSUPPORTED',
    `Expected node-clvp in its own package but found it in a bundle (${address ?? 'CommonJS'}), without its native addon and models: ` +
      "mark it external, such as external: ['node-clvp'] for esbuild and Rollup, and install it beside the bundle. docs/install.md has the setting of each tool",
  )
}

/** The path of a file of the package. Throws as packageVersion() does. */
export function packageFile(...names: string[]): string {
  packageVersion()
  return join(packageRoot, ...names)
}
