// Each function and class of the public API, and each method of Clvp, has an example in its doc comment, and the examples are
// TypeScript without an error. Those of the upper layer that need the embedded model alone run, too.
import { spawnSync } from 'node:child_process'
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import ts from 'typescript'

const root = fileURLToPath(new URL('../..', import.meta.url))
const index = join(root, 'dist', 'lib', 'index.d.ts')

/** What examples may use without making it. */
const known = `
declare const clvp: Clvp, voice: Voice, emma: Voice, tom: Voice
declare const best: Candidate, candidates: Candidate[]
declare const text: string, seed: number, sampleRate: number, signal: AbortSignal
declare const samples: Float32Array, one: Sound, two: Sound
declare const pieces: AsyncIterable<Float32Array>, parts: AsyncIterable<Float32Array>
declare const latents: Tensor<Float32Array>, conditioning: Tensor<Float32Array>, mel: Tensor<Float32Array>
declare const inputFeatures: Tensor<Float32Array>
declare function play(samples: Float32Array): void
`

const settings = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  types: ['node'],
}

/** [name, example or undefined] of everything that must have one. */
function examplesOf() {
  const program = ts.createProgram([index], settings)
  const checker = program.getTypeChecker()
  const found = []
  const take = (name, symbol) => {
    const tag = symbol.getJsDocTags(checker).find((each) => each.name === 'example')
    found.push([name, ts.displayPartsToString(tag?.text).match(/```js\n(.*?)```/s)?.[1]])
  }
  for (const exported of checker.getExportsOfModule(
    checker.getSymbolAtLocation(program.getSourceFile(index)),
  )) {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
    if (symbol.flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Class)) take(exported.name, symbol)
    if (exported.name !== 'Clvp') continue
    for (const table of [symbol.members, symbol.exports]) {
      for (const member of table.values()) {
        const isMethod = member.flags & ts.SymbolFlags.Method
        if (isMethod && !member.name.startsWith('__')) take(`Clvp.${member.name}`, member)
      }
    }
  }
  return {
    found,
    exported: checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(index))),
  }
}

const { found, exported } = examplesOf()

t.test('each has an example', async (t) => {
  t.ok(found.length > 50, `${found.length}`)
  for (const [name, example] of found) t.ok(example, name)
})

t.test('each example is sound TypeScript', async (t) => {
  const folder = t.testdir({ node_modules: {} })
  symlinkSync(root, join(folder, 'node_modules', 'node-clvp'), 'dir')
  symlinkSync(join(root, 'node_modules', '@types'), join(folder, 'node_modules', '@types'), 'dir')
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  const values = exported.filter(({ name }) => name !== 'default').map(({ name }) => name)
  const head = `import { ${values.join(', ')} } from 'node-clvp'\nimport { readFile, writeFile } from 'node:fs/promises'\n${known}`
  const bodies = found.map(
    ([, example], i) => `async function example${i}() {\n${example}\n}\nvoid example${i}\n`,
  )
  const file = join(folder, 'examples.ts')
  writeFileSync(file, head + bodies.join(''))
  const program = ts.createProgram([file], settings)
  const faults = ts.getPreEmitDiagnostics(program).map(({ messageText, file: at, start }) => {
    const line = at?.text.slice(at.text.lastIndexOf('\n', start) + 1).split('\n')[0]
    return `${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
  })
  t.same(faults, [])
})

/** What an example that is whole by itself needs. */
const whole = [
  'Clvp',
  'devices',
  'diagnose',
  'inspectModel',
  'Tensor',
  'Sound',
  'ClvpError',
  'Clvp.dispose',
  'ClvpDecoderConfig',
]

t.test('examples that are whole run', async (t) => {
  const folder = t.testdir({ node_modules: {} })
  symlinkSync(root, join(folder, 'node_modules', 'node-clvp'), 'dir')
  for (const name of whole) {
    const [, example] = found.find(([each]) => each === name)
    const used = exported.map((each) => each.name).filter((each) => new RegExp(`\\b${each}\\b`).test(example))
    const file = join(folder, 'example.mjs')
    writeFileSync(file, `import { ${used.join(', ')} } from 'node-clvp'\n${example}`)
    const { status, stderr } = spawnSync(process.execPath, [file], { cwd: folder, encoding: 'utf8' })
    // The example of ClvpError prints an error, as it should.
    t.match({ status, stderr }, { status: 0, stderr: name === 'ClvpError' ? /missing\.gguf/ : '' }, name)
  }
})
