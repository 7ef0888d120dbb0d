/**
 * Compares every method of the model classes with transformers', live, on random checkpoints: ids exactly, floats within
 * 1e-4 of the largest expected one. Ends with 1 when anything differs.
 *
 *   npm run build:lib
 *   node scripts/parity/models.mjs [--python .cache/parity-venv/bin/python] [--only NAME] [--write-golden] [--write-docs]
 *   node scripts/parity/models.mjs --python PYTHON_WITH_TRANSFORMERS_4.46.3 --cached
 *
 * --cached compares with transformers before 4.49 only what depends on how positions are counted, which are our defaults: drawn ids.
 * --write-golden keeps the answers, sampled, in test/golden/models.json for the tests; --write-docs puts the table into
 * docs/transformers.md.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exit } from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ClvpModelForConditionalGeneration, Tensor } from '../../dist/lib/index.js'
import { writeCheckpoint } from '../../test/helpers/checkpoint.js'
import { modelCases } from '../../test/helpers/model_cases.js'
import { goldenAnswers, modelRecipes } from '../../test/helpers/model_golden.js'
import { answer, compareOutput } from '../../test/helpers/models.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const LIMIT = 1e-4

const { values: options } = parseArgs({
  options: {
    python: { type: 'string', default: join(ROOT, '.cache/parity-venv/bin/python') },
    only: { type: 'string' },
    cached: { type: 'boolean', default: false },
    'write-golden': { type: 'boolean', default: false },
    'write-docs': { type: 'boolean', default: false },
  },
})
if (!existsSync(options.python)) {
  throw new Error(`No Python at ${options.python}: give one that has transformers with --python`)
}

/** Floats as base64, for JSON. */
function replacer(_, value) {
  if (!(value instanceof Tensor)) return value
  const { buffer, byteOffset, byteLength } = value.data
  return { floats: Buffer.from(buffer, byteOffset, byteLength).toString('base64'), dims: value.dims }
}

function reviver(_, value) {
  if (typeof value?.floats !== 'string') return value
  const bytes = Buffer.from(value.floats, 'base64')
  return {
    dims: value.dims,
    data: new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)),
  }
}

function askReference(folder, cases) {
  const [asked, answered] = ['cases.json', 'answers.json'].map((name) => join(folder, name))
  writeFileSync(asked, JSON.stringify(cases, replacer))
  const recipes = ['recipes.json', 'model_recipes.json'].map((name) => join(ROOT, 'test/fixtures', name))
  const script = join(ROOT, 'scripts/parity/models_reference.py')
  const args = [script, '--recipes', ...recipes, '--cases', asked, '--out', answered]
  const run = spawnSync(options.python, args, { encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`The reference failed: ${run.stderr || run.error}`)
  return JSON.parse(readFileSync(answered, 'utf8'), reviver)
}

/** One line for each method: how many outputs were compared, and how they did. */
class Table {
  #lines = new Map()
  failures = []
  faults = new Map()

  add(method, recipe, { id }, name, { passed, error = 0, note }) {
    const line = this.#lines.get(method) ?? { compared: 0, passed: 0, error: 0 }
    this.#lines.set(method, line)
    line.compared++
    if (passed) line.passed++
    line.error = Math.max(line.error, error)
    if (!passed) this.failures.push(`${recipe}: ${id}: ${name}: ${note}`)
  }

  /** A case where the reference raises an error. */
  fault({ id }, reference, ours) {
    this.faults.set(id, { reference, ours })
  }

  /** The table, as rows of cells. */
  get rows() {
    const rows = [...this.#lines].map(([method, { compared, passed, error }]) => {
      return [method, String(compared), String(passed), error.toExponential(1)]
    })
    const total = [1, 2].map((column) => String(rows.reduce((sum, row) => sum + Number(row[column]), 0)))
    return [['method', 'compared', 'equal', 'largest relative error'], ...rows, ['in all', ...total, '']]
  }

  print() {
    const lines = this.rows
    const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)))
    for (const line of lines) {
      const cells = line.map((cell, i) => cell.padEnd(widths[i]))
      console.log(cells.join('  ').trimEnd())
    }
    if (this.faults.size > 0) console.log('\nWhere transformers raises an error:')
    for (const [id, { reference, ours }] of this.faults) {
      console.log(`  ${id}\n    transformers: ${reference}\n    here: ${ours}`)
    }
    for (const failure of this.failures) console.log(`DIFFERS ${failure}`)
  }

  /** The same as Markdown. */
  get markdown() {
    const [heading, ...body] = this.rows
    const table = [heading, heading.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |`)
    const cell = (text) => text.replaceAll('|', '\\|')
    const faults = [...this.faults].map(([id, { reference, ours }]) => {
      return `| ${cell(id.replace(/, \w*: /, ': '))} | ${cell(reference)} | ${cell(ours)} |`
    })
    const about = [
      '',
      'Where the reference raises an error:',
      '',
      '| call | transformers | here |',
      '|---|---|---|',
    ]
    return [...table, ...about, ...faults].join('\n')
  }
}

/** Puts the table into docs/transformers.md, between its two comments. */
function writeDocs(table) {
  const file = join(ROOT, 'docs/transformers.md')
  const text = readFileSync(file, 'utf8')
  const [start, end] = ['<!-- comparison -->', '<!-- end of comparison -->'].map((mark) => text.indexOf(mark))
  if (start < 0 || end < start) throw new Error(`${file} has no place for the comparison`)
  const before = text.slice(0, start + '<!-- comparison -->'.length)
  writeFileSync(file, `${before}\n${table.markdown}\n${text.slice(end)}`)
}

/**
 * Cases whose ids follow from the logits alone. Not beams, which older versions end in another way, and no masks of the decoder's own
 * ids: 4.46.3 drops them while it draws.
 */
function isDrawing({ method, part, only, fails, calls: [call] }) {
  const isMasked = part !== '' && call.attentionMask
  return method.endsWith('.generate') && !only && !fails && !call.numBeams && !isMasked
}

/** Drawn ids alone. */
function isCompared({ only }, name, { ids }) {
  return options.cached ? ids !== undefined : !only || only.includes(name)
}

async function compareCase(table, recipe, model, each, expected) {
  const found = await answer(model, each, options.cached ? 'default' : 'transformers').then(
    (outputs) => ({ outputs }),
    (error) => ({ error: `${error.code}: ${error.message}` }),
  )
  const method = each.method
  // What was repaired after 4.46.3, such as the fixing of short rows: no ids to compare.
  if (options.cached && expected.error) return table.fault(each, expected.error, found.error ?? 'works')
  if (expected.error) {
    const works = each.fails === 'works'
    table.fault(each, expected.error, works ? 'works' : found.error)
    const passed = works === (found.error === undefined) && each.fails !== undefined
    table.add(method, recipe, each, 'what transformers refuses', { passed, note: found.error ?? 'accepted' })
  } else if (each.fails) {
    table.add(method, recipe, each, 'should fail', { passed: false, note: 'the reference works' })
  }
  if (!expected.outputs) return
  if (found.error) return table.add(method, recipe, each, 'call', { passed: false, note: found.error })
  for (const [name, wanted] of Object.entries(expected.outputs)) {
    if (!isCompared(each, name, wanted)) continue
    table.add(method, recipe, each, name, compareOutput(name, found.outputs[name], wanted, LIMIT))
  }
}

function casesOf(recipe) {
  const cases = modelCases(recipe)
  return options.cached ? cases.filter(isDrawing) : cases
}

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'clvp-models-'))
  process.env.CLVP_CACHE = join(folder, 'cache')
  try {
    const recipes = modelRecipes().filter(({ name }) => !options.only || name === options.only)
    const cases = Object.fromEntries(recipes.map((recipe) => [recipe.name, casesOf(recipe)]))
    const answers = askReference(folder, cases)
    const table = new Table()
    for (const recipe of recipes) {
      const { name } = recipe
      writeCheckpoint(recipe, join(folder, name))
      const model = await ClvpModelForConditionalGeneration.fromPretrained(join(folder, name))
      for (const each of cases[name]) await compareCase(table, name, model, each, answers[name][each.id])
      await model.dispose()
    }
    table.print()
    if (options['write-docs']) writeDocs(table)
    if (options['write-golden']) {
      writeFileSync(
        join(ROOT, 'test/golden/models.json'),
        `${JSON.stringify(goldenAnswers(cases, answers))}\n`,
      )
    }
    exit(table.failures.length === 0 ? 0 : 1)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

await main()
