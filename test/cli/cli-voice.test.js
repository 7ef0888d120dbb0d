// clvp voice: what it makes, remembers and refuses; --audit; and a result file that draws again.
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { Clvp, Voice } from '../../dist/lib/index.js'
import { tinyFile, tone } from '../helpers/model.js'
import { silence, speech } from '../helpers/signals.js'
import { wavOf } from '../helpers/wav.js'

const main = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))
const model = await tinyFile('plain')
const dir = t.testdir({
  emma: { '1.wav': wavOf(tone(0.5)), '2.wav': wavOf(tone(2.5)) },
  empty: {},
  'good.wav': wavOf({ samples: speech(8), sampleRate: 22050 }),
  'silent.wav': wavOf({ samples: silence(2), sampleRate: 22050 }),
})
const at = (name) => join(dir, name)

const clvp = (...args) =>
  new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], (error, stdout, stderr) =>
      resolve({ status: error ? error.code : 0, stdout, stderr }),
    )
  })

t.test('a voice of a folder', async (t) => {
  const out = at('emma.json')
  const { status, stdout, stderr } = await clvp('voice', model, at('emma'), '-o', out)
  t.match({ status, stderr }, { status: 0, stderr: '' })
  t.match(stdout, /emma\.json: a voice of 2 clips, 3\.5 s in 4 windows\n$/)
  t.match(await Voice.load(out), {
    clips: 2,
    origin: {
      windows: 'all',
      model: { id: /^[0-9a-f]{16}$/ },
      clips: [{ name: '1.wav' }, { name: '2.wav' }],
    },
  })
  const random = ['--windows', 'random', '--seed', '4', '--json']
  const told = JSON.parse((await clvp('voice', model, at('emma'), '-o', out, ...random)).stdout)
  t.match(told, { path: out, clips: 2, origin: { windows: 'random', seed: 4 } })
  const limited = JSON.parse(
    (await clvp('voice', model, at('emma'), '-o', out, '--seconds', '2', '--json')).stdout,
  )
  t.equal(limited.origin.clips[1].windows.length, 1)
})

t.test('saved voices are mixed', async (t) => {
  const [a, b, mixed] = ['a.json', 'b.json', 'mixed.json'].map(at)
  await clvp('voice', model, at('emma/1.wav'), '-o', a)
  await clvp('voice', model, at('emma/2.wav'), '-o', b)
  t.match(await clvp('voice', model, a, b, '-o', mixed), { status: 0, stdout: /a voice of 2 clips\n$/ })
  t.same((await Voice.load(mixed)).embedding, Voice.mix([await Voice.load(a), await Voice.load(b)]).embedding)
  t.match(await clvp('voice', model, a, at('emma'), '-o', mixed), { status: 2, stderr: /cannot be combined/ })
  t.match(await clvp('voice', model, a, '--seconds', '9', '-o', mixed), {
    status: 2,
    stderr: /--seconds goes with/,
  })
})

t.test('--audit', async (t) => {
  const good = await clvp('voice', '--audit', at('good.wav'))
  t.match(good, {
    status: 0,
    stderr: '',
    stdout: /good\.wav: .* s of sound; WAV, 22050 Hz, 1 channel; speech -/,
  })
  t.match(good.stdout, /^ {2}nothing to object to$/m)
  const bad = await clvp('voice', '--audit', at('silent.wav'), at('emma'))
  t.match(bad, { status: 1, stdout: /^ {2}error, no-sound: There is .*\.$/m })
  t.match(bad.stdout, /2\.wav: .*\n {2}warning, /, 'a folder stands for its clips')
  const found = JSON.parse((await clvp('voice', '--audit', at('silent.wav'), '--json')).stdout)
  t.match(found, [{ path: at('silent.wav'), measures: { seconds: 2 }, findings: [{ code: 'no-sound' }] }])
})

t.test('wrong usage', async (t) => {
  for (const [args, message] of [
    [['--audit'], /CLIP is missing/],
    [['--audit', at('good.wav'), '-o', at('x.json')], /--out does not go with --audit/],
    [['--audit', at('good.wav'), '--threads', '2'], /--threads does not go with --audit/],
    [
      [model, at('emma'), '-o', at('x.json'), '--windows', 'last'],
      /--windows takes one of all, first, random/,
    ],
    [[model, at('emma'), '-o', at('x.json'), '--seed', '1'], /seed only with windows: 'random'/],
    [[model, at('empty'), '-o', at('x.json')], /Expected clips .*empty/],
  ]) {
    t.match(
      await clvp('voice', ...args),
      { status: 2, stdout: '', stderr: message },
      args.join(' ').slice(0, 50),
    )
  }
  const silent = await clvp('voice', model, at('silent.wav'), '-o', at('x.json'))
  t.match(silent, { status: 1, stderr: /silent\.wav .*\(CLVP_AUDIO\)/ })
})

t.test('a result file has all that it takes to draw it again', async (t) => {
  const out = at('result.json')
  const args = [
    '--voice',
    at('emma'),
    '-n',
    '3',
    '--max-tokens',
    '8',
    '--top-k',
    '9',
    '--threads',
    '1',
    '-o',
    out,
  ]
  t.match(await clvp('generate', model, 'Dr. Smith.', ...args), { status: 0, stderr: '' })
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const held = JSON.parse(readFileSync(out, 'utf8'))
  t.match(held, {
    version,
    model: { source: model, name: String, id: /^[0-9a-f]{16}$/, type: 'f32' },
    text: 'Dr. Smith.',
    normalized: /doctor smith/,
    settings: { candidates: 3, maxTokens: 8, topK: 9, temperature: 0.8, seed: held.seed },
  })
  const loaded = await Clvp.load(held.model.source, { threads: 1 })
  t.teardown(() => loaded.dispose())
  const again = await loaded.generate(held.text, { ...held.settings, voice: Voice.fromJSON(held.voice) })
  t.same(
    again.candidates.map(({ codes, seed }) => [seed, [...codes]]),
    held.candidates.map(({ codes, seed }) => [seed, codes]),
  )
  writeFileSync(at('codes.json'), JSON.stringify(held.candidates.map(({ codes }) => codes)))
  const ranked = await Promise.all(
    [out, at('codes.json')].map((file) => clvp('rank', model, held.text, file)),
  )
  t.equal(ranked[0].stdout, ranked[1].stdout, 'clvp rank reads it')
})
