// npm runs a script named "prebuild" before each "build": no script may be such a hook of another by its name.
import { readFileSync } from 'node:fs'
import t from 'tap'

const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

t.test('no script runs before or after another by its name alone', async (t) => {
  const hooks = Object.keys(scripts).filter((name) => {
    const of = /^(?:pre|post)(.+)$/.exec(name)?.[1]
    return of !== undefined && of in scripts
  })
  t.same(hooks, [])
})
