// clvp speak: a file, a stream, several candidates, subtitles, JSON; and what is refused.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { Clvp, readSoundMetadata } from '../../dist/lib/index.js'
import { tinyFile } from '../helpers/model.js'
import { makeSpeakingModel } from '../helpers/speaking_model.js'

const main = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))
const dir = t.testdir({})
const file = await makeSpeakingModel(dir)
const at = (name) => join(dir, name)
const voice = ['--voice', Clvp.demoVoice]
const few = [
  ...voice,
  '--max-tokens',
  '20',
  '--candidates',
  '2',
  '--seed',
  '5',
  '--retries',
  '0',
  '--threads',
  '1',
]
const options = { maxTokens: 20, candidates: 2, seed: 5, retries: 0 }
const long = `${'Hello there world, this is fine. '.repeat(10)}Good night.`

function run(args, input = '') {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'speak', ...args], {
    cwd: dir,
    input,
  })
  return { status, stdout, text: stdout.toString(), stderr: stderr.toString() }
}

function succeed(t, ...args) {
  const result = run(args)
  t.equal(result.status, 0, result.stderr)
  return result
}

let clvp
let spoken
t.before(async () => {
  clvp = await Clvp.load(file, { threads: 1 })
  spoken = { ...options, voice: await clvp.voice(Clvp.demoVoice) }
})
t.after(() => clvp.dispose())

t.test('the file is that of speak()', async (t) => {
  const { text } = succeed(t, file, 'Hello world.', ...few, '-o', 'a.wav')
  t.match(text, /^a\.wav: 0\.\d\d s, 1 part, hifigan, seed 5$/m)
  const sound = await clvp.speak('Hello world.', spoken)
  t.same(readFileSync(at('a.wav')), Buffer.from(await sound.toWav()))
  t.match(await readSoundMetadata(at('a.wav')), { seed: '5', candidate: String(sound.best.index) })
  succeed(t, file, 'Hello world.', ...few, '-o', 'plain.wav', '--no-metadata')
  t.same(readFileSync(at('plain.wav')), Buffer.from(await sound.toWav({ metadata: false })))
  succeed(t, file, long, ...few, '-o', 'long.flac', '--speech', 'diffusion', '--steps', '1')
  const whole = await clvp.speak(long, { ...spoken, speech: 'diffusion', steps: 1 })
  t.ok(whole.parts.length > 1, 'several parts')
  t.same(readFileSync(at('long.flac')), Buffer.from(await whole.toFlac()))
})

t.test('bits of a sample, gates and the split are those of the API', async (t) => {
  const text = 'One sentence is here. Another one is there. '.repeat(3)
  const flags = ['--bit-depth', '24', '--split-desired', '30', '--split-max', '60', '--gate-stop', 'off']
  const { text: said } = succeed(t, file, text, ...few, ...flags, '-o', 'deep.wav')
  const whole = await clvp.speak(text, {
    ...spoken,
    split: { desired: 30, max: 60 },
    gates: { stop: false },
  })
  t.ok(whole.parts.length > 1, 'several parts')
  t.ok(said.includes(`${whole.parts.length} parts`), said)
  t.same(readFileSync(at('deep.wav')), Buffer.from(await whole.toWav({ bitDepth: 24 })))
  const raw = succeed(t, file, text, ...few, ...flags, '--raw', '-o', '-').stdout
  t.equal(raw.length, 3 * whole.samples.length)
  const { status, stderr } = run([file, text, ...few, '--bit-depth', '32', '-o', 'deep.flac'])
  t.not(status, 0)
  t.match(stderr, /bitDepth/)
})

t.test('the stream is the file', async (t) => {
  const data = (bytes) => bytes.subarray(bytes.indexOf('data') + 8)
  for (const text of ['Hello world.', long]) {
    succeed(t, file, text, ...few, '-o', 'whole.wav')
    const { stdout, stderr } = succeed(t, file, text, ...few, '--stream')
    const wav = readFileSync(at('whole.wav'))
    t.equal(stdout.length, wav.length)
    t.same(data(stdout), data(wav))
    t.match(stderr, /^stdout: /m, 'what is told goes to stderr')
    t.same(succeed(t, file, text, ...few, '-o', '-').stdout, stdout, '-o - is the same')
    t.same(succeed(t, file, text, ...few, '-o', '-', '--raw').stdout, data(wav), 'bare samples')
  }
  const { stderr } = succeed(t, file, 'Hello world.', ...few, '--stream', '--json')
  t.match(JSON.parse(stderr.trim().split('\n').at(-1)), { sampleRate: 24000, seed: 5 })
})

t.test('text from stdin and from a file', async (t) => {
  succeed(t, file, 'Hello world.', ...few, '-o', 'argument.wav')
  writeFileSync(at('text.txt'), 'Hello world.')
  succeed(t, file, ...few, '-o', 'file.wav', '--text-file', 'text.txt')
  t.equal(run([file, '-', ...few, '-o', 'stdin.wav'], 'Hello world.').status, 0)
  const expected = readFileSync(at('argument.wav'))
  for (const name of ['file.wav', 'stdin.wav']) t.same(readFileSync(at(name)), expected, name)
})

t.test('JSON, times, and subtitles', async (t) => {
  const { text } = succeed(t, file, long, ...few, '-o', 'json.wav', '--json', '--subtitles', 'json.srt')
  const json = JSON.parse(text)
  const sound = await clvp.speak(long, spoken)
  const { timings: _, ...expected } = JSON.parse(JSON.stringify(sound))
  for (const part of [...json.parts, ...expected.parts]) delete part.result.timings
  t.match(json, { ...expected, path: 'json.wav' })
  t.ok(json.timings.peakRssBytes > 1e6)
  t.notOk('samples' in json)
  const cues = readFileSync(at('json.srt'), 'utf8').trim().split('\n\n')
  t.ok(cues.length >= sound.parts.length)
  t.match(cues[0], /^1\n00:00:00,000 --> 00:00:0\d,\d{3}\nHello there world/)
  t.match(cues.at(-1), /Good night\.$/)
  const times = succeed(t, file, 'Hi.', ...few, '-o', 'b.wav', '--timings').text
  for (const row of ['draw and rank', 'HiFi-GAN', 'first sound'])
    t.match(times, new RegExp(`^${row} +\\d+\\.\\d ms$`, 'm'))
  t.match(times, /^peak memory +\d+\.\d MB$/m)
})

t.test('the sounds of several candidates', async (t) => {
  for (const way of [[], ['--speech', 'diffusion', '--steps', '2']]) {
    const { text } = succeed(
      t,
      file,
      'Hello world.',
      ...few,
      '-n',
      '4',
      '-o',
      'k.wav',
      '--keep',
      '3',
      '--json',
      ...way,
    )
    const { paths, parts } = JSON.parse(text)
    t.same(paths, ['k.1.wav', 'k.2.wav', 'k.3.wav'])
    const { candidate, result } = parts[0]
    const others = result.candidates.filter(({ index }) => index !== candidate.index)
    const found = await Promise.all(paths.map((path) => readSoundMetadata(at(path))))
    t.same(
      found.map((each) => Number(each.candidate)),
      [candidate, ...others].slice(0, 3).map(({ index }) => index),
    )
    const { speech, steps } = way.length > 0 ? { speech: 'diffusion', steps: 2 } : { speech: 'hifigan' }
    const second = await clvp.candidateSound('Hello world.', others[0], {
      voice: spoken.voice,
      speech,
      steps,
    })
    t.same(readFileSync(at('k.2.wav')).subarray(-200), Buffer.from(await second.toWav()).subarray(-200))
  }
})

t.test('random voices', async (t) => {
  const random = ['--voice', 'random', '--max-tokens', '20', '-n', '2', '--seed', '1']
  for (const [name, seed] of [
    ['r1', '3'],
    ['r2', '3'],
    ['r3', '4'],
  ]) {
    succeed(t, file, 'Hello.', ...random, '--voice-seed', seed, '-o', `${name}.wav`)
  }
  t.same(readFileSync(at('r1.wav')), readFileSync(at('r2.wav')))
  t.notSame(readFileSync(at('r1.wav')), readFileSync(at('r3.wav')))
})

t.test('what is refused, before anything is written', async (t) => {
  const mute = await tinyFile('plain')
  const before = readdirSync(dir)
  const hi = [file, 'Hi.', ...voice]
  for (const [args, status, message] of [
    [
      [mute, 'Hi.', ...voice, '-o', 'x.wav'],
      1,
      /Expected a model that can speak.*convert --add.*CLVP_UNSUPPORTED/,
    ],
    [[...hi], 2, /--out is missing/],
    [[file, 'Hi.', '-o', 'x.wav'], 2, /--voice is missing/],
    [[file, ...voice, '-o', 'x.wav'], 2, /TEXT or --text-file is missing/],
    [[...hi, '-o', 'x.wav', '--text-file', 'text.txt'], 2, /exclude each other/],
    [[...hi, '-o', 'x.txt'], 2, /a name that ends in one of \.wav/],
    [[...hi, '-o', 'x.mp3', '--format', 'wav'], 2, /ends in \.wav/],
    [[...hi, '-o', 'no/x.wav'], 1, /CLVP_IO/],
    [[...hi, '-o', 'x.wav', '--stream'], 2, /--stream and a file/],
    [[...hi, '-o', 'x.wav', '--raw'], 2, /--raw does not go with a file/],
    [[...hi, '--stream', '--keep', '2'], 2, /--keep does not go with a sound on stdout/],
    [[...hi, '-o', 'x.wav', '--keep', '17'], 2, /1 to the number of candidates, 16/],
    [[file, long, ...voice, '-o', 'x.wav', '--keep', '2'], 2, /a text of one part, not of \d/],
    [[...hi, '-o', 'x', '--lines', '--subtitles', 'x.srt'], 2, /--subtitles does not go with --lines/],
    [[...hi, '--voice', 'random', '-o', 'x.wav'], 2, /--voice random stands alone/],
    [[file, 'Hi.', '--voice', 'random', '-o', 'x', '--lines'], 2, /needs --voice-seed/],
    [[...hi, '-o', 'x.wav', '--speech', 'hifigan', '--steps', '3'], 2, /no steps with speech/],
    [['gone.gguf', 'Hi.', ...voice, '-o', 'x.wav'], 1, /CLVP_IO/],
    [[...hi, '-o', 'x.wav', '--loud'], 2, /--loud/],
  ]) {
    const { status: found, stderr, text } = run(args)
    t.match({ found, stderr, text }, { found: status, stderr: message, text: '' }, args.slice(2).join(' '))
  }
  t.same(readdirSync(dir), before)
})
