// The help in terminals of 80 and of 200 columns, with and without colour, as the golden files have it.
// CLVP_WRITE_GOLDEN=1 node test/cli/help.test.js writes them: look at what changed.
import { readFileSync, writeFileSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import { entries } from '../../dist/lib/cli/catalogue.js'
import { flagsIn } from '../../dist/lib/cli/command.js'
import { terminalOf } from '../../dist/lib/cli/terminal.js'
import { helps, recorded, terminals } from '../helpers/help.js'

const golden = (name) => new URL(`../golden/${name}.txt`, import.meta.url)

for (const [name, terminal] of Object.entries(terminals)) {
  t.test(name, async (t) => {
    const found = await helps(terminal)
    const text = recorded(found, terminal)
    if (process.env.CLVP_WRITE_GOLDEN) writeFileSync(golden(name), text)
    t.equal(text, readFileSync(golden(name), 'utf8'))
    const lines = Object.values(found).flatMap((help) => stripVTControlCharacters(help).split('\n'))
    t.same(
      lines.filter((line) => line.length > terminal.columns || line !== line.trimEnd()),
      [],
      'no line is too long or ends with blanks',
    )
  })
}

t.test('colours change nothing else', async (t) => {
  const [bare, painted] = await Promise.all([helps(terminals['help-80']), helps(terminals['help-80-colour'])])
  t.not(painted[''], bare[''])
  const stripped = Object.entries(painted).map(([name, text]) => [name, stripVTControlCharacters(text)])
  t.same(Object.fromEntries(stripped), bare)
})

t.test('no word is cut: every word of a flag is whole on a line', async (t) => {
  const narrow = await helps({ columns: 40, isColoured: false })
  const cut = []
  for (const { name, load } of entries) {
    const words = new Set(narrow[name].split(/\s+/))
    for (const { help } of Object.values(flagsIn(await load()))) {
      cut.push(...help.split(' ').filter((word) => !words.has(word)))
    }
  }
  t.same(cut, [])
})

t.test('how wide and how colourful a stream is', async (t) => {
  const stream = (columns, colours = true) => ({ isTTY: true, columns, hasColors: () => colours })
  t.same(terminalOf(stream(80)), { columns: 80, isColoured: true })
  t.same(terminalOf(stream(200)), { columns: 100, isColoured: true })
  t.same(terminalOf(stream(20)), { columns: 40, isColoured: true })
  t.same(terminalOf(stream(80, false)), { columns: 80, isColoured: false })
  t.same(terminalOf({}), { columns: 80, isColoured: false }, 'a pipe')
})

t.test('examples show flags that the command has', async (t) => {
  const wrong = []
  for (const { name, load } of entries) {
    const command = await load()
    if (command.examples.length === 0) wrong.push(`clvp ${name}`)
    for (const example of command.examples) {
      const flags = [...example.matchAll(/(?<=^| )--([a-z-]+)/g)].map(([, flag]) => flag)
      if (!flags.every((flag) => Object.hasOwn(flagsIn(command), flag))) wrong.push(`clvp ${name} ${example}`)
    }
  }
  t.same(wrong, [])
})
