// An editor shows the doc comment and the type of each option, though the interfaces are made from tables.
import { fileURLToPath } from 'node:url'
import t from 'tap'
import ts from 'typescript'

const file = fileURLToPath(new URL('hover.ts', import.meta.url))
const index = fileURLToPath(new URL('../../dist/lib/index.js', import.meta.url))
const source = `import type { CalibrateOptions, ConvertOptions, GenerateOptions, GenerationOptions, LoadOptions, SpeakOptions } from '${index}'
export const load: LoadOptions = { kvType: 'f16' }
export const generate: Partial<GenerateOptions> = { padTo: 3, topP: 1, voice: undefined as never }
export const convert: ConvertOptions = { requantize: 1 as never, name: 'x', tensorTypes: [] }
export const generation: GenerationOptions = { noRepeatNgramSize: 2, outputLogits: true }
export const calibrate: Partial<CalibrateOptions> = { revision: 'main', candidates: 2 }
export const speak: Partial<SpeakOptions> = { partsFolder: 'x', guidance: 1 }
generate.seed = 1
`
const host = {
  fileExists: ts.sys.fileExists,
  readFile: ts.sys.readFile,
  directoryExists: ts.sys.directoryExists,
  getDirectories: ts.sys.getDirectories,
  getCurrentDirectory: ts.sys.getCurrentDirectory,
  getScriptFileNames: () => [file],
  getScriptVersion: () => '1',
  getScriptSnapshot: (name) => {
    const text = name === file ? source : ts.sys.readFile(name)
    return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text)
  },
  getCompilationSettings: () => ({
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    strict: true,
  }),
  getDefaultLibFileName: ts.getDefaultLibFilePath,
}
const service = ts.createLanguageService(host)

t.test('doc comments and types are shown', async (t) => {
  for (const [name, type, comment] of [
    ['kvType:', 'KvType | undefined', /Type of the decoder's keys and values.*'auto' \(default\)/],
    ['padTo:', 'number | undefined', /0 to 4,096, default 0/],
    ['topP:', 'number | undefined', /0 to 1; default 0\.8/],
    ['voice:', 'Voice | undefined', /A voice from `voice\(\)`/],
    ['name:', 'string | undefined', /The model's name in the file/],
    ['tensorTypes:', 'TensorTypes | undefined', /The last\s+matching pair wins/],
    ['noRepeatNgramSize:', 'number | undefined', /No sequence of this many ids/],
    ['outputLogits:', 'boolean | undefined', /each step's logits/],
    ['revision:', 'string | undefined', /a tag or a commit/],
    ['candidates:', 'number | undefined', /Drawn for each text/],
    ['partsFolder:', 'string | undefined', /each part is kept once it is spoken/],
    ['guidance:', 'number | undefined', /0 to 100; default 2/],
    ['seed =', 'number | undefined', /Seed of the draws/],
  ]) {
    const shown = service.getQuickInfoAtPosition(file, source.indexOf(name) + 1)
    t.match(ts.displayPartsToString(shown?.displayParts), `?: ${type}`, name)
    t.match(ts.displayPartsToString(shown?.documentation), comment, name)
  }
})

t.test('a name that is no option is an error, and options can be set later', async (t) => {
  const messages = service
    .getSemanticDiagnostics(file)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
  t.match(messages, [/'requantize' does not exist in type 'ConvertOptions'/])
  t.equal(messages.length, 1)
})
