// The command line: what it prints where, its exit statuses, and that Ctrl-C leaves nothing half done.
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'
import { readRecipe, writeCheckpoint } from '../helpers/checkpoint.js'
import { tinyFile, tone } from '../helpers/model.js'
import { wavOf } from '../helpers/wav.js'

const main = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))
const commands = [
  'generate',
  'preview',
  'rank',
  'embed',
  'explain',
  'voice',
  'pull',
  'convert',
  'quantize',
  'verify',
  'calibrate',
  'compare',
  'inspect',
  'bench',
  'devices',
  'doctor',
]
const dir = t.testdir({ 'voice.wav': wavOf(tone(0.5)), 'no-sound.wav': 'no sound', out: {} })
const voice = join(dir, 'voice.wav')
const model = await tinyFile('plain')
const env = { ...process.env, CLVP_CACHE: join(dir, 'cache') }
const few = ['--voice', voice, '-n', '3', '--max-tokens', '8', '--seed', '5', '--threads', '1']

function start(args) {
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const result = { child, stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => {
      result[name] += text
    })
  }
  result.end = new Promise((resolve) => {
    child.on('close', (status, signal) => resolve({ ...result, status, signal }))
  })
  return result
}

const clvp = (...args) => start(args).end

/** A run that must end with 0, without a word on stderr; gives stdout. */
async function succeed(t, ...args) {
  const { status, stdout, stderr } = await clvp(...args)
  t.match({ status, stderr }, { status: 0, stderr: '' }, args.join(' ').slice(0, 60))
  return stdout
}

const json = async (t, ...args) => JSON.parse(await succeed(t, ...args, '--json'))

t.test('help and version', async (t) => {
  const overview = await succeed(t, '--help')
  t.equal(await succeed(t, '-h'), overview)
  t.equal(await succeed(t, 'help'), overview)
  const helps = await Promise.all(commands.map((name) => succeed(t, name, '--help')))
  for (const [i, name] of commands.entries()) {
    t.match(overview, new RegExp(`^  ${name} +\\w`, 'm'))
    const help = helps[i]
    t.match(help, new RegExp(`^Usage: clvp ${name} `))
    t.match(help, /^ +--json +print JSON$/m)
  }
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  t.equal(await succeed(t, '--version'), `${version}\n`)
  t.match(await clvp(), { status: 2, stdout: overview })
  t.equal(await succeed(t, 'help', 'rank'), helps[commands.indexOf('rank')])
  const { stdout } = await clvp('batch')
  t.match(stdout, /^Usage: clvp batch COMMAND/)
  t.equal(await succeed(t, 'batch', '--help'), stdout)
  t.equal(await succeed(t, 'help', 'batch'), stdout)
})

t.test('wrong usage ends with 2 and says what is wrong', async (t) => {
  const wrong = [
    [['nonsense'], /no command 'nonsense'/],
    [['--nonsense'], /--nonsense/],
    [['generate'], /MODEL is missing/],
    [['generate', model], /TEXT is missing/],
    [['generate', model, 'Hi.'], /--voice is missing/],
    [['generate', model, 'Hi.', 'there.', '--voice', voice], /'there\.' is one argument too many/],
    [['generate', model, 'Hi.', '--voices', voice], /--voices/],
    [['generate', model, 'Hi.', '--voice'], /--voice/],
    [['generate', model, 'Hi.', '--deterministic=yes', '--voice', voice], /--deterministic/],
    [['generate', model, 'Hi.', ...few, '--type', 'q3'], /--type takes one of/],
    [['generate', model, 'Hi.', ...few, '--preset', 'turbo'], /--preset takes one of ultra_fast/],
    [['rank', model, 'Hi.'], /CODES\.json is missing/],
    [['embed', model], /TEXT or --codes is missing/],
    [['explain', model], /TEXT is missing/],
    [['convert', dir], /OUT\.gguf is missing/],
    [['convert', dir, 'x.gguf', '--type', 'q4'], /--type takes one of f32, f16, .*, not 'q4'/],
    [['inspect'], /MODEL\.gguf is missing/],
    [['devices', 'gpu'], /too many/],
    [['devices', '--nonsense'], /--nonsense/],
  ]
  for (const flag of ['candidates', 'seed', 'temperature', 'top-k', 'max-tokens', 'batch-size', 'threads']) {
    wrong.push([
      ['generate', model, 'Hi.', '--voice', voice, `--${flag}`, 'many'],
      new RegExp(`--${flag} takes a number`),
    ])
  }
  wrong.push([['generate', model, 'Hi.', '--voice', voice, '--seed', ''], /--seed takes a number/])
  const check = async ([args, message]) =>
    t.match(await clvp(...args), { status: 2, stdout: '', stderr: message }, args.join(' ').slice(-50))
  await Promise.all(wrong.map(check))
})

t.test('what fails ends with 1, or 2 for a wrong argument, and says why, without a stack', async (t) => {
  writeFileSync(join(dir, 'codes.json'), '[[1, 2], "x"]')
  writeFileSync(join(dir, 'no-json.json'), '[[1, 2')
  const folder = join(dir, 'folder.json')
  mkdirSync(folder)
  const failing = [
    [['generate', join(dir, 'none.gguf'), 'Hi.', ...few], /none\.gguf.*\(CLVP_IO\)/],
    [['generate', voice, 'Hi.', ...few], /voice\.wav.*\(CLVP_MODEL_FORMAT\)/],
    [['generate', model, '', ...few], /text.*\(CLVP_INVALID_ARGUMENT\)/],
    [['generate', model, 'Hi.', ...few, '--seed=-1'], /seed.*\(CLVP_INVALID_ARGUMENT\)/],
    [['generate', model, 'Hi.', ...few, '-n', '0'], /candidates.*\(CLVP_INVALID_ARGUMENT\)/],
    [['generate', model, 'Hi.', ...few, '--device', 'nope'], /nope.*\(CLVP_DEVICE\)/],
    [['generate', model, 'Hi.', ...few, '--voice', join(dir, 'none.wav')], /none\.wav.*\(CLVP_IO\)/],
    [
      ['generate', model, 'Hi.', ...few, '--voice', join(dir, 'no-sound.wav')],
      /no-sound\.wav.*\(CLVP_AUDIO\)/,
    ],
    [['generate', model, 'Hi.', ...few, '--out', join(dir, 'none', 'x.json')], /x\.json.*\(CLVP_IO\)/],
    [['generate', model, 'Hi.', ...few, '--out', folder], /folder\.json is a folder.*\(CLVP_IO\)/],
    [['rank', model, 'Hi.', join(dir, 'none.json')], /none\.json.*\(CLVP_IO\)/],
    [['rank', model, 'Hi.', join(dir, 'codes.json')], /codes\.json.*\(CLVP_INVALID_ARGUMENT\)/],
    [['rank', model, 'Hi.', join(dir, 'no-json.json')], /no-json\.json.*\(CLVP_INVALID_ARGUMENT\)/],
    [['convert', join(dir, 'out'), join(dir, 'x.gguf')], /config\.json.*\(CLVP_MODEL_FORMAT\)/],
    [['inspect', join(dir, 'none.gguf')], /none\.gguf.*\(CLVP_IO\)/],
    [['inspect', voice], /voice\.wav.*\(CLVP_MODEL_FORMAT\)/],
  ]
  const check = async ([args, message]) => {
    const { status, stdout, stderr } = await clvp(...args)
    const expected = { status: /INVALID_ARGUMENT/.test(message.source) ? 2 : 1, stdout: '', stderr: message }
    t.match({ status, stdout, stderr }, expected, args.join(' ').slice(-50))
    t.equal(stderr.split('\n').length, 2, `one line: ${stderr}`)
  }
  await Promise.all(failing.map(check))
  t.same(readdirSync(join(dir, 'out')), [])
})

t.test('generate', async (t) => {
  const out = join(dir, 'out', 'result.json')
  const text = await succeed(t, 'generate', model, 'Hello.', ...few, '--timings', '--out', out)
  const [heading, , ...rows] = text.split('\n\n')[0].split('\n')
  t.match(heading, /^rank +candidate +score/)
  t.equal(rows.length, 3)
  for (const [i, row] of rows.entries())
    t.match(row, new RegExp(`^ +${i + 1} +[0-2] +-?\\d+\\.\\d{4} .* (stop|length)$`))
  t.match(text, /^seed 5$/m)
  t.match(text, /^one step +[\d.]+ ms/m)
  t.match(text, `\n\nwrote ${out}\n`)
  t.same(readdirSync(join(dir, 'out')), ['result.json'], 'no temporary file is left')

  const written = JSON.parse(readFileSync(out, 'utf8'))
  const printed = await json(t, 'generate', model, 'Hello.', ...few)
  t.same(printed.candidates, written.candidates, 'the same seed, the same candidates')
  t.equal(printed.seed, 5)
  const loaded = await Clvp.load(model, { threads: 1 })
  const options = { voice: await loaded.voice(voice), candidates: 3, maxTokens: 8, seed: 5 }
  const { candidates } = await loaded.generate('Hello.', options)
  await loaded.dispose()
  t.same(
    printed.candidates.map(({ codes }) => codes),
    candidates.map(({ codes }) => [...codes]),
    'as the API gives them',
  )

  t.equal((await json(t, 'generate', model, 'Hello.', ...few, '--keep', '1')).candidates.length, 1)
  t.equal(
    (await json(t, 'generate', model, 'Hi.', '--voice', voice, '--voice', voice, '-n', '1')).candidates
      .length,
    1,
  )

  const ranked = await json(t, 'rank', model, 'Hello.', out)
  t.same(
    ranked.map(({ index }) => index),
    [0, 1, 2],
  )
  for (const { index, score } of ranked) t.ok(Math.abs(score - written.candidates[index].score) < 1e-4)
  t.match(await succeed(t, 'rank', model, 'Hello.', out), /^rank +row +score\n[- ]+\n +1 +0 +-?\d/)
  t.equal((await json(t, 'embed', model, '--codes', out)).length, 3)
})

t.test('what cannot be spoken is told on stderr', async (t) => {
  const args = [model, 'Hi 👍 you', '--voice', voice, '-n', '1', '--max-tokens', '2', '--json']
  const { status, stdout, stderr } = await clvp('generate', ...args)
  t.equal(status, 0)
  t.match(JSON.parse(stdout), { normalized: 'hi you', dropped: [{ text: '👍', index: 3 }] })
  t.match(stderr, /^clvp: not spoken, .*"👍" at 3\n$/)
  t.match((await clvp('embed', model, 'Hi 👍')).stderr, /"👍" at 3/)
  t.match(await clvp('embed', model, 'Привет'), { status: 2, stderr: /letters or numbers/ })
})

t.test('the other commands', async (t) => {
  const [vector] = await json(t, 'embed', model, 'Hello.')
  t.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-4)
  t.equal((await succeed(t, 'embed', model, 'Hello.')).trim().split(' ').length, vector.length)

  t.match(await json(t, 'explain', model, 'Dr. Smith 👍'), {
    normalized: 'doctor smith',
    changes: [{ from: 'Dr.', to: 'doctor', index: 0 }],
    dropped: [{ text: '👍', index: 10 }],
  })
  t.match(
    await succeed(t, 'explain', model, 'Dr. Smith 👍'),
    /^spoken +doctor smith.*\n.*"👍" at 10.*\nremaining +\d+ tokens\n\n.*\n.*\n *0 +Dr\. +doctor/,
  )
  const kept = await json(t, 'explain', model, 'Dr. Smith', '--normalizer', 'basic')
  t.equal(kept.normalized, 'dr. smith')

  t.match(await json(t, 'inspect', 'demo'), { path: Clvp.demo }, 'demo is the embedded model')
  t.match(await json(t, 'verify', 'demo'), { path: Clvp.demo, isSound: true })
  t.match(await json(t, 'inspect', model), { path: model, values: { 'general.architecture': 'clvp' } })
  t.match(
    await succeed(t, 'inspect', model, '--tensors'),
    /clvp\.decoder\.block_count +2\n.*dec\.lm_head\.weight +f32 +48 x 300/s,
  )

  t.ok((await json(t, 'devices')).some(({ kind }) => kind === 'cpu'))
  t.match(await succeed(t, 'devices'), /^name +kind/)
})

t.test('convert, and a folder in place of a file', async (t) => {
  const folder = join(dir, 'checkpoint')
  const target = join(dir, 'out', 'model.gguf')
  writeCheckpoint(readRecipe('plain'), folder)
  const result = await json(t, 'convert', folder, target, '--type', 'q8_0')
  t.match(result, { path: target, type: 'q8_0' })
  t.ok(result.fallbacks.length > 0)
  t.match(await succeed(t, 'convert', folder, target), /model\.gguf: f16, \d+\.\d MB/)
  t.equal((await json(t, 'inspect', target)).values['clvp.type'], 'f16')
  t.match(await json(t, 'explain', folder, 'Hello.'), { normalized: 'hello.' })
  t.match(readdirSync(env.CLVP_CACHE).sort(), [/^checkpoint-f16-.*\.gguf$/, /^checkpoint-f16-.*\.json$/])
})

t.test('Ctrl-C', { skip: process.platform === 'win32' }, async (t) => {
  const out = join(dir, 'out', 'never.json')
  const before = readdirSync(join(dir, 'out'))
  // Before the command line has come to listen for it, the signal itself ends the process.
  for (const delay of [300, 2000, 3000]) {
    const options = ['--voice', voice, '-n', '65536', '--out', out, '--threads', '1']
    const run = start(['generate', await tinyFile('deep'), 'The quick brown fox.', ...options])
    await new Promise((resolve) => setTimeout(resolve, delay))
    const started = performance.now()
    run.child.kill('SIGINT')
    const { status, signal, stdout } = await run.end
    const took = performance.now() - started
    const end = delay < 2000 && signal ? { signal: 'SIGINT' } : { status: 130, signal: null }
    t.match({ status, signal, stdout }, { ...end, stdout: '' }, `after ${delay} ms`)
    t.ok(took < 2000, `${took} ms`)
  }
  t.same(readdirSync(join(dir, 'out')), before, 'nothing is left behind')
})
