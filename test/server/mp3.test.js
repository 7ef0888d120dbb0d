// MP3 where there is no ffmpeg: by the optional package, or an error that names both.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { Sound } from '../../dist/lib/index.js'
import { formatOf, soundBytes } from '../../packages/server/dist/formats.js'
import { speech } from '../helpers/signals.js'
import { decoded } from '../helpers/sound.js'

const path = process.env.PATH
process.env.PATH = t.testdir({})
t.teardown(() => {
  process.env.PATH = path
})

t.test('the package encodes it', async (t) => {
  const samples = speech(3, 24_000)
  const format = await formatOf('mp3')
  const bytes = await soundBytes(new Sound(samples, 24_000), format, new AbortController().signal)
  const heard = await decoded(bytes, 24_000)
  t.ok(Math.abs(heard.length - samples.length) < 3000, `${heard.length} samples`)
  const level = Math.sqrt(heard.reduce((sum, each) => sum + each * each, 0) / heard.length)
  t.ok(level > 0.01, `level ${level}`)
  await t.rejects(soundBytes(new Sound(samples, 24_000), format, AbortSignal.abort()), {
    code: 'CLVP_ABORTED',
  })
})

t.test('Opus says what is missing', async (t) => {
  const error = await formatOf('opus').catch((each) => each)
  t.match(error.message, /ffmpeg/)
  t.match(error.facts, { status: 400, code: 'unsupported_format', param: 'response_format' })
})

t.test('without the package, too, the error names both', async (t) => {
  const hook = `export async function resolve(name, context, next) {
    if (name !== 'wasm-media-encoders') return next(name, context)
    throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
  }`
  const loader = `import { register } from 'node:module'; register('data:text/javascript,' + ${JSON.stringify(encodeURIComponent(hook))})`
  const formats = fileURLToPath(new URL('../../packages/server/dist/formats.js', import.meta.url))
  const program = `const { formatOf } = await import(${JSON.stringify(formats)}); await formatOf('mp3').catch(({ message }) => console.log(message))`
  const args = [
    '--import',
    `data:text/javascript,${encodeURIComponent(loader)}`,
    '--input-type=module',
    '-e',
    program,
  ]
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  t.match(stdout, /apt install ffmpeg.*npm install wasm-media-encoders/, stderr)
})
