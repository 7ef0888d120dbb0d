/** Tarballs of this package and of what it needs, and npm's own programs. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { addonPaths } from '../../dist/lib/addon/addon.js'
import { root } from '../prebuild/tools.mjs'
import { closure } from './closure.mjs'

/** The folder of npm's programs, beside the Node that runs this. */
export function npmFolder() {
  const found = [
    process.env.npm_execpath && dirname(realpathSync(process.env.npm_execpath)),
    join(dirname(realpathSync(process.execPath)), '../lib/node_modules/npm/bin'),
  ].find((folder) => folder && existsSync(join(folder, 'npm-cli.js')))
  if (!found) throw new Error('npm was not found: run this by npm run')
  return found
}

/** npm pack's report on some folders. */
function npmPack(folder, ...args) {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const { status, stdout } = spawnSync(npm, ['pack', '--json', '--pack-destination', folder, ...args], {
    cwd: root,
    shell: process.platform === 'win32',
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) throw new Error(`npm pack ${args.join(' ')} failed`)
  return JSON.parse(stdout.slice(stdout.search(/^\[/m)))
}

/** Packs with the prebuilt addons; with `built`, with this machine's own for as long as that takes. Returns npm's report. */
export function pack(folder, built) {
  const [own, prebuilt] = addonPaths()
  const isBorrowed = built && !existsSync(prebuilt)
  if (isBorrowed) {
    mkdirSync(dirname(prebuilt), { recursive: true })
    copyFileSync(own, prebuilt)
  }
  try {
    return npmPack(folder)[0]
  } finally {
    if (isBorrowed) rmSync(prebuilt)
  }
}

/** Packs all that the package needs, as it is installed here, so that the package can be installed without a registry. Returns the files. */
export function packDependencies(folder) {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const packed = npmPack(folder, '--ignore-scripts', ...closure(Object.keys(dependencies)))
  return packed.map(({ filename }) => join(folder, filename))
}
