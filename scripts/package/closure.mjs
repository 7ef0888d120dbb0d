/** What packages need, in the versions that are installed here. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from '../prebuild/tools.mjs'

/** The folders of packages and of all that they need, as Node finds them from this checkout. */
export function closure(names) {
  const found = new Set()
  const visit = (name, from) => {
    let folder = from
    while (!existsSync(join(folder, 'node_modules', name, 'package.json'))) {
      if (folder === dirname(folder)) return // optional, and not installed
      folder = dirname(folder)
    }
    const path = join(folder, 'node_modules', name)
    if (found.has(path)) return
    found.add(path)
    const { dependencies, optionalDependencies, peerDependencies } = JSON.parse(
      readFileSync(join(path, 'package.json'), 'utf8'),
    )
    const needed = { ...dependencies, ...optionalDependencies, ...peerDependencies }
    for (const each of Object.keys(needed)) visit(each, path)
  }
  for (const name of names) visit(name, root)
  return [...found]
}
