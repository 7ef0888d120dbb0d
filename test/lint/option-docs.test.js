// Each option's doc comment states the range and the default of its row in the table.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import t from 'tap'
import ts from 'typescript'
import * as generate from '../../dist/lib/clvp/generate_options.js'
import * as load from '../../dist/lib/loading/load_options.js'
import * as calibrate from '../../dist/lib/quality/calibrate.js'
import * as output from '../../dist/quantize/output_options.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The tables of a source file: names of the constants, and the doc comment of each row. */
function tablesOf(text) {
  const file = ts.createSourceFile('x.ts', text, ts.ScriptTarget.Latest, true)
  const found = []
  const visit = (node) => {
    const call = ts.isVariableDeclaration(node) && node.initializer
    if (call && ts.isCallExpression(call) && call.expression.getText() === 'optionTable') {
      // A table that another spreads, or a row that it takes, is checked where it is declared.
      const own = call.arguments[0].properties.filter(ts.isPropertyAssignment)
      const rows = own.map((row) => [row.name.getText(), commentOf(row)])
      found.push([node.name.getText(), new Map(rows)])
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

function commentOf(row) {
  const [comment] = ts.getJSDocCommentsAndTags(row)
  return ts.getTextOfJSDocComment(comment?.comment)?.replace(/\s+/g, ' ') ?? ''
}

function literal(value) {
  if (typeof value === 'string') return `'${value}'`
  if (Array.isArray(value)) return `[${value.join(', ')}]`
  return typeof value === 'number' ? value.toLocaleString('en', { maximumFractionDigits: 20 }) : `${value}`
}

/** Does a comment say "default 5", "default: 5", "Default '5'" or "'5' (default)"? */
function states(comment, stated) {
  const forms = [`default ${stated}`, `default: ${stated}`, `${stated} (default)`, `${stated} (default,`]
  return forms.some((form) => comment.toLowerCase().replaceAll('`', '').includes(form.toLowerCase()))
}

function checkRow(t, comment, { kind, default: value, defaultText, required }) {
  t.not(comment, '', 'is documented')
  if (kind.range !== undefined) t.ok(comment.includes(kind.range), `states ${kind.range}: ${comment}`)
  if (required || (value === undefined && defaultText === undefined)) return
  if (value !== undefined) t.same(kind.read(value, 'default'), value, 'the default is a value of its kind')
  if (Array.isArray(value) && value.length === 0) return
  const stated = (defaultText ?? literal(value)).replaceAll('`', '')
  t.ok(states(comment, stated) || states(comment, `'${stated}'`), `states default ${stated}: ${comment}`)
}

const sources = ['lib', 'quantize'].flatMap((room) =>
  readdirSync(join(root, room), { recursive: true })
    .map((name) => join(room, name))
    .filter((name) => name.endsWith('.ts')),
)
let rows = 0

for (const path of sources) {
  const text = readFileSync(join(root, path), 'utf8')
  if (!text.includes('= optionTable({')) continue
  const module = await import(pathToFileURL(join(root, 'dist', path.replace(/ts$/, 'js'))).href)
  for (const [name, comments] of tablesOf(text)) {
    for (const [key, comment] of comments) {
      rows++
      await t.test(`${path} ${name}.${key}`, async (t) => checkRow(t, comment, module[name][key]))
    }
  }
}

// --- documents ---------------------------------------------------------------------------------------------------------

/** Sentences of the documents that repeat a default, and the row that they repeat. */
const repeated = [
  ['docs/devices.md', /`'(\w+)'` \(default\)/, load.loadTable.device],
  ['docs/performance.md', /`batchSize: '(\w+)'`, the default/, generate.generateTable.batchSize],
  ['docs/quantization.md', /^\| `(\w+)` \(default\)/m, output.outputTable.type],
  ['docs/quantization.md', /candidates are drawn \((\d+) by default\)/, calibrate.calibrateTable.candidates],
]
for (const [path, sentence, option] of repeated) {
  const [, stated] = readFileSync(join(root, path), 'utf8').match(sentence) ?? []
  t.test(`${path}: ${sentence}`, async (t) => t.equal(stated, String(option.default)))
}

t.test('all tables are found', async (t) => t.ok(rows > 50, `${rows} rows`))
