#!/usr/bin/env node
/**
 * Writes dist/lib/index.cjs and its types, dist/lib/index.d.cts. Node loads ES modules by require(); TypeScript's node16 allows that only where
 * the package says so by an entry of its own. All types are those of index.d.ts, so that values of both entries fit together.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const lib = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dist', 'lib')
const list = /^export (type )?\{([^}]*)\} from '([^']+)';$/gm
const isOther = /^export (?!(type )?\{)/m

/** What index.d.ts exports: names of types, and values with the file that declares them. */
function exportsOf(text) {
  if (isOther.test(text))
    throw new Error("index.ts has an export that is no list: expected 'export { ... } from'")
  const types = []
  const values = []
  for (const [, allTypes, names, file] of text.matchAll(list)) {
    for (const each of names.split(',').map((name) => name.trim())) {
      if (each === '') continue
      const name = each.replace(/^type /, '')
      if (!/^\w+$/.test(name)) throw new Error(`index.ts renames an export: '${each}'`)
      if (allTypes || name !== each) types.push(name)
      else values.push({ name, file })
    }
  }
  return { types, values }
}

/** A value's declarations; of a class also its type, with the parameters that it has. */
function declare({ name, file }, types) {
  const value = `export declare const ${name}: typeof clvp.${name}`
  const source = readFileSync(join(lib, file.replace(/\.js$/, '.d.ts')), 'utf8')
  if (new RegExp(`^export (declare )?(interface|type|enum) ${name}\\b`, 'm').test(source)) {
    throw new Error(`${name} is a value and a type: expected a class, or a value alone`)
  }
  const found = new RegExp(`^export declare class ${name}(<[^{]*?>)?[ {]`, 'm').exec(source)
  if (!found) return [value]
  const parameters = (found[1] ?? '').replace(/\w+/g, (word) =>
    types.includes(word) ? `clvp.${word}` : word,
  )
  const given = [...parameters.matchAll(/(?:<|, )(\w+)(?= extends|>|,| =)/g)].map(
    ([, parameter]) => parameter,
  )
  const args = given.length > 0 ? `<${given.join(', ')}>` : ''
  return [value, `export type ${name}${parameters} = clvp.${name}${args}`]
}

export function writeCommonJs() {
  const { types, values } = exportsOf(readFileSync(join(lib, 'index.d.ts'), 'utf8'))
  const asModule = "'./index.js' with { 'resolution-mode': 'import' }"
  const lines = [
    '/** The types of index.d.ts for CommonJS. */',
    `import type * as clvp from ${asModule}`,
    `export type { ${types.join(', ')} } from ${asModule}`,
    ...values.flatMap((value) => declare(value, types)),
  ]
  writeFileSync(join(lib, 'index.d.cts'), `${lines.join('\n')}\n`)
  writeFileSync(join(lib, 'index.cjs'), "module.exports = require('./index.js')\n")
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeCommonJs()
