#!/usr/bin/env node
/**
 * All that a release needs, up to publishing: npm run release:check. Checks that versions and the changelog agree and that nothing is uncommitted,
 * builds the binaries, runs every check, and packs what is to be published into .build/release-packages. Publishes nothing.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { output, root, run } from '../prebuild/tools.mjs'

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
const out = join(root, '.build', 'release-packages')
const folders = ['.', ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}`)]
const manifestOf = (folder) => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))

/** What does not agree, one line each. */
function disagreements() {
  const { version } = manifestOf('.')
  const wrong = []
  for (const folder of folders) {
    const manifest = manifestOf(folder)
    const needed = manifest.peerDependencies?.['node-clvp'] ?? version
    if (manifest.version !== version) wrong.push(`${folder} has version ${manifest.version}, not ${version}`)
    if (needed !== version) wrong.push(`${folder} needs node-clvp ${needed}, not ${version}`)
  }
  const changes = readFileSync(join(root, 'CHANGELOG.md'), 'utf8')
  if (!new RegExp(`^## .*\\b${version.replaceAll('.', '\\.')}\\b`, 'm').test(changes))
    wrong.push(`CHANGELOG.md has no heading for ${version}`)
  const changed = output('git', ['status', '--porcelain']).trim()
  if (changed) wrong.push(`there are changes that are not committed:\n${changed}`)
  return wrong
}

try {
  const wrong = disagreements()
  if (wrong.length > 0) throw new Error(`not ready for a release:\n  ${wrong.join('\n  ')}`)
  const checks = [
    'lint',
    'docs',
    'test',
    'prebuilds',
    'check:types',
    'check:package',
    'check:matrix',
    'check:bare',
  ]
  for (const name of checks) {
    console.log(`# npm run ${name}`)
    run(npm, ['run', name], { stdio: 'inherit', shell: process.platform === 'win32' })
  }
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  run(npm, [
    'pack',
    '--pack-destination',
    out,
    ...folders.map((folder) => (folder === '.' ? '.' : `./${folder}`)),
  ])
  console.log(
    `# ready; to publish:\n${readdirSync(out)
      .map((file) => `npm publish ${join(out, file)} --access public`)
      .join('\n')}`,
  )
} catch (error) {
  console.error(`node-clvp: ${error.message}`)
  process.exitCode = 1
}
