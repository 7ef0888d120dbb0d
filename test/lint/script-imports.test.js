/** Every name that a script or a test imports from the compiled library is there: most scripts are run by hand, and rarely. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const root = fileURLToPath(new URL('../..', import.meta.url))
const IMPORT = /import\s+(?:[\w$]+\s*,\s*)?\{([^}]*)\}\s*from\s*'(\.[^']+)'/g

/** The names that a file imports from dist/, with the module of each. */
function imports(path) {
  return [...readFileSync(path, 'utf8').matchAll(IMPORT)]
    .map(([, names, from]) => ({ names: names.split(','), module: resolve(dirname(path), from) }))
    .filter(({ module }) => module.startsWith(join(root, 'dist')))
    .flatMap(({ names, module }) => names.map((each) => ({ name: each.trim().split(/\s/)[0], module })))
    .filter(({ name }) => name !== '')
}

for (const folder of ['scripts', 'test']) {
  t.test(`the files in ${folder}`, async (t) => {
    const files = readdirSync(join(root, folder), { recursive: true }).filter((each) => /\.m?js$/.test(each))
    for (const file of files) {
      for (const { name, module } of imports(join(root, folder, file))) {
        t.ok(name in (await import(module)), `${file} imports ${name}`)
      }
    }
  })
}
