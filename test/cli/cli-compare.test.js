// clvp compare, clvp calibrate, and what convert and quantize make of a calibration.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { tinyFile, tone } from '../helpers/model.js'
import { freshCheckpoint } from '../helpers/safetensors.js'
import { wavOf } from '../helpers/wav.js'

const main = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))
const exact = await tinyFile('deep')
const coarse = await tinyFile('deep', 'q4_0')
const dir = t.testdir({
  'texts.txt': 'Hello there.\r\n\n  No.  \n',
  'empty.txt': '\n \n',
  none: {},
  voices: {},
})
const at = (name) => join(dir, name)
const env = { ...process.env, CLVP_CACHE: at('cache') }
writeFileSync(join(dir, 'voices', 'b.wav'), wavOf(tone(0.3)))
writeFileSync(join(dir, 'voices', 'a.WAV'), wavOf(tone(0.4)))
writeFileSync(join(dir, 'voices', 'notes.txt'), 'no clip')
const few = [
  '--texts',
  at('texts.txt'),
  '--voices',
  at('voices'),
  '-n',
  '3',
  '--max-tokens',
  '8',
  '--threads',
  '1',
]

async function clvp(...args) {
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const result = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => {
      result[name] += text
    })
  }
  const status = await new Promise((resolve) => child.on('close', resolve))
  return { ...result, status }
}

async function succeed(t, ...args) {
  const { status, stdout, stderr } = await clvp(...args)
  t.match({ status, stderr }, { status: 0, stderr: '' }, args.join(' ').slice(0, 60))
  return stdout
}

const fails = async (t, message, status, ...args) =>
  t.match(await clvp(...args), { status, stdout: '', stderr: message }, args.join(' ').slice(-60))

t.test('a table, JSON and a plot', async (t) => {
  const text = await succeed(t, 'compare', exact, coarse, ...few, '--plot', at('plot.svg'))
  t.match(text, /^A +f32 /m)
  t.match(text, /^B +q4_0 /m)
  t.match(text, /^\d+ of \d+ tensors are equal; the 8 worst of the others/m)
  t.match(text, /^KL divergence of the next code, \d+ positions, nats/m)
  t.match(text, /^same best candidate +\d+\.\d %$/m)
  t.match(text, /^2 texts, 2 voices, 3 candidates each; weights in memory .* MB, peak memory .* MB$/m)
  const json = JSON.parse(await succeed(t, 'compare', exact, coarse, ...few, '--rows', '1', '--json'))
  t.match(json, { samples: { texts: 2, voices: 2, candidates: 3 }, a: { type: 'f32' }, b: { type: 'q4_0' } })
  const differing = json.tensors.filter(({ relativeError }) => relativeError > 0)
  const svg = readFileSync(at('plot.svg'), 'utf8')
  for (const { name, types } of differing) t.match(svg, `<title>${name}: f32 to ${types.b}, `)
  t.match(svg, 'prefers-color-scheme:dark')
  t.match(svg, /KL divergence of the next code, \d+ positions/)
  const all = await succeed(t, 'compare', exact, coarse, ...few, '--tensors')
  for (const { name } of json.tensors) t.match(all, name)
})

t.test('calibrate, then convert', async (t) => {
  const folder = freshCheckpoint(t, 'deep')
  const out = join(folder, '..', 'importance.json')
  const text = await succeed(t, 'calibrate', exact, out, ...few)
  t.match(text, /importance\.json: \d+ matrices, 2 texts, 2 voices, at most \d+ rows each/)
  const [plain, better] = [join(folder, '..', 'plain.gguf'), join(folder, '..', 'better.gguf')]
  await succeed(t, 'convert', folder, plain, '--type', 'q4_0')
  await succeed(t, 'convert', folder, better, '--type', 'q4_0', '--calibration', out)
  t.notOk(readFileSync(plain).equals(readFileSync(better)))
  await fails(t, /\(CLVP_IO\)/, 1, 'convert', folder, at('x.gguf'), '--calibration', at('absent.json'))
  await fails(
    t,
    /\(CLVP_MODEL_FORMAT\)/,
    1,
    'convert',
    folder,
    at('x.gguf'),
    '--calibration',
    at('texts.txt'),
  )
  t.notOk(existsSync(at('x.gguf')))
})

t.test('--calibrate calibrates the source first', async (t) => {
  const samples = ['--voices', at('voices'), '--threads', '1']
  const [found, one, two] = [at('found.json'), at('one.gguf'), at('two.gguf')]
  const short = await tinyFile('plain')
  await succeed(t, 'calibrate', short, found, '--texts', at('texts.txt'), ...samples)
  await succeed(
    t,
    'quantize',
    short,
    one,
    'q4_0',
    '--tensor-type',
    '*.ffn_down.weight=q5_0',
    '--calibration',
    found,
  )
  await succeed(
    t,
    'quantize',
    short,
    two,
    'q4_0',
    '--tensor-type',
    '*.ffn_down.weight=q5_0',
    '--calibrate',
    at('texts.txt'),
    ...samples,
  )
  t.ok(readFileSync(one).equals(readFileSync(two)))
  const folder = freshCheckpoint(t)
  await succeed(t, 'convert', folder, two, '--type', 'q4_0', '--calibrate', at('texts.txt'), ...samples)
  const { values } = JSON.parse(await succeed(t, 'inspect', two, '--json'))
  t.equal(values['clvp.calibration'], '2 texts, 2 voices')
  const quantize = ['quantize', short, at('x.gguf')]
  await fails(t, /--voices goes with --calibrate/, 2, ...quantize, 'q4_0', ...samples)
  await fails(
    t,
    /exclude each other/,
    2,
    ...quantize,
    'q4_0',
    '--calibrate',
    at('texts.txt'),
    '--calibration',
    found,
  )
  await fails(t, /a type that uses a calibration/, 2, ...quantize, 'q8_0', '--calibrate', at('absent.txt'))
  await fails(
    t,
    /to calibrate but received one of q4_0/,
    2,
    'quantize',
    coarse,
    at('x.gguf'),
    'q4_k',
    '--requantize',
    '--calibrate',
    at('texts.txt'),
    ...samples,
  )
  t.notOk(existsSync(at('x.gguf')))
})

t.test('wrong calls', async (t) => {
  await fails(t, /B is missing/, 2, 'compare', exact)
  await fails(t, /one argument too many/, 2, 'compare', exact, exact, exact)
  await fails(t, /--type/, 2, 'compare', exact, coarse, '--type', 'f16')
  await fails(t, /architecture and vocabulary/, 2, 'compare', exact, await tinyFile('wide'), ...few)
  await fails(t, /holds none/, 2, 'compare', exact, coarse, '--texts', at('empty.txt'))
  await fails(t, /absent\.txt.*\(CLVP_IO\)/, 1, 'compare', exact, coarse, '--texts', at('absent.txt'))
  await fails(t, /Expected clips.*found none/, 2, 'compare', exact, coarse, '--voices', at('none'))
  await fails(t, /absent.*\(CLVP_IO\)/, 1, 'compare', exact, coarse, '--voices', at('absent'))
  await fails(t, /\(CLVP_IO\)/, 1, 'compare', exact, coarse, ...few, '--plot', at('no/plot.svg'))
  await fails(t, /--texts is missing/, 2, 'calibrate', exact, at('x.json'))
  await fails(t, /OUT\.json is missing/, 2, 'calibrate', exact)
  await fails(t, /to calibrate but received one of q4_0/, 2, 'calibrate', coarse, at('x.json'), ...few)
  t.notOk(existsSync(at('x.json')))
  mkdirSync(at('folder'))
  await fails(t, /config\.json/, 1, 'compare', at('folder'), exact, ...few)
})
