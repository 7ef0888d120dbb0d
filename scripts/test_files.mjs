/** Where the JavaScript tests are: test/ROOM/NAME.test.js. */
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** The files of the tests with a name, such as 'abort' (in every room that has one) or 'session/abort'; without a name all. */
export function testFiles(name) {
  const all = readdirSync(join(root, 'test'), { recursive: true })
    .filter((file) => file.endsWith('.test.js'))
    .map((file) => join('test', file))
    .sort()
  const found = name === undefined ? all : all.filter((file) => file.endsWith(join('/', `${name}.test.js`)))
  if (found.length === 0)
    throw new Error(`Expected the name of a test but received ${name}: there is no ${name}.test.js`)
  return found
}
