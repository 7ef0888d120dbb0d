// Files that a command writes beside its result: a bad one costs no work, and one that fails in the end costs no result.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { UsageError } from '../../dist/lib/cli/command.js'
import { calibrate } from '../../dist/lib/cli/commands/calibrate.js'
import { compare } from '../../dist/lib/cli/commands/compare.js'
import { generate } from '../../dist/lib/cli/commands/generate.js'
import { preview } from '../../dist/lib/cli/commands/preview.js'
import { speak } from '../../dist/lib/cli/commands/speak.js'
import { voice } from '../../dist/lib/cli/commands/voice.js'
import { OutputFiles } from '../../dist/lib/cli/output_files.js'
import { parse } from '../../dist/lib/cli/parser.js'
import { ClvpError } from '../../dist/lib/index.js'

const dir = t.testdir({ 'texts.txt': 'Hello.', 'codes.json': '[1, 2]' })
const at = (name) => join(dir, name)
/** No command gets as far as to look for it. */
const none = at('none.gguf')

/** The words before the name of an output, and the suffix that it must have. */
const commands = [
  [generate, [none, 'Hi.', '--voice', none, '--out'], '.json'],
  [generate, [none, 'Hi.', '--voice', none, '--wav'], '.wav'],
  [generate, [none, 'Hi.', '--voice', none, '--plot'], '.svg'],
  [generate, [none, 'Hi.', '--voice', none, '--latents'], '.npz'],
  [generate, [none, 'Hi.', '--voice', none, '--latents'], '.safetensors'],
  [preview, [at('codes.json'), '--model', none], '.wav'],
  [preview, [at('codes.json'), at('codes.wav'), '--model', none, '--plot'], '.svg'],
  [voice, [none, none, '--out'], '.json'],
  [compare, [none, none, '--plot'], '.svg'],
  [calibrate, [none, '--texts', at('texts.txt')], '.json'],
  [speak, [none, 'Hi.', '--voice', none, '--out', at('x.wav'), '--subtitles'], '.srt'],
  [speak, [none, 'Hi.', '--voice', none, '--out', at('x.wav'), '--plot'], '.svg'],
]
const names = new Map(
  Object.entries({ generate, preview, voice, compare, calibrate, speak }).map(([name, each]) => [each, name]),
)
const context = { signal: new AbortController().signal, progress() {} }
const run = async (command, words) => command.run(parse(command, words), context)

for (const [command, words, suffix] of commands) {
  t.test(
    `${names.get(command)} ${words.at(-1).startsWith('--') ? words.at(-1) : ''} ${suffix}`,
    async (t) => {
      const before = readdirSync(dir)
      for (const file of [at('x.png'), at('x'), '-']) {
        const error = await run(command, [...words, file]).catch((error) => error)
        t.match(error.message, new RegExp(`ends with [^:]*\\${suffix}`), file)
        t.ok(error instanceof UsageError)
      }
      const lost = join(dir, 'nowhere', `x${suffix}`)
      const io = (message) => ({ code: 'CLVP_IO', message })
      await t.rejects(run(command, [...words, lost]), io(/nowhere.*could not be written.*folder first/))
      const folder = at(`folder${suffix}`)
      mkdirSync(folder, { recursive: true })
      await t.rejects(run(command, [...words, folder]), io(/is a folder/))
      t.same(readdirSync(dir), [...new Set([...before, `folder${suffix}`])].sort(), 'nothing was written')
      writeFileSync(at(`kept${suffix}`), 'kept')
      await t.rejects(run(command, [...words, at(`kept${suffix}`)]), io(/none\.gguf/), 'then it goes on')
      t.match(readFileSync(at(`kept${suffix}`), 'utf8'), /^kept$/)
    },
  )
}

t.test('what fails after the work', async (t) => {
  const files = new OutputFiles()
  const written = []
  await files.write('a.json', async (file) => written.push(file))
  await files.write(undefined, () => t.fail('nothing was asked for'))
  await files.write('b.json', async () => {
    throw new ClvpError('CLVP_IO', 'b.json could not be written: no space')
  })
  await files.write('c.json', async (file) => written.push(file))
  t.same(written, ['a.json', 'c.json'])
  t.same(files.tell({ text: 'table', json: { x: 1 }, warnings: ['first'] }), {
    text: 'table\n\nwrote a.json, c.json',
    json: { x: 1 },
    status: 1,
    warnings: ['first', 'b.json could not be written: no space'],
  })
  const fault = new ClvpError('CLVP_AUDIO', 'There is nothing to hear')
  await t.rejects(
    files.write('d.wav', async () => {
      throw fault
    }),
    fault,
  )
  t.same(new OutputFiles().tell({ text: 'table', json: 1 }), { text: 'table', json: 1, warnings: [] })
})
