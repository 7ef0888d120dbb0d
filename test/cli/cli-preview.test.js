// Codes to the ear and the eye on the command line: clvp preview, and --wav and --plot of clvp generate.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { tinyFile, tone } from '../helpers/model.js'
import { wavOf } from '../helpers/wav.js'

const main = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))
const model = await tinyFile('plain', 'f32', 298)
const mute = await tinyFile('plain')
const dir = t.testdir({ 'voice.wav': wavOf(tone(0.5)) })
const at = (name) => join(dir, name)
const few = ['--voice', at('voice.wav'), '--max-tokens', '8', '--seed', '5', '--threads', '1']

async function clvp(...args) {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
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

/** How many codes a WAV file stands for, after a look at its header. */
function codesIn(t, name) {
  const bytes = readFileSync(at(name))
  t.equal(bytes.toString('latin1', 0, 4), 'RIFF')
  t.equal(bytes.readUInt32LE(4), bytes.length - 8)
  t.equal(bytes.readUInt32LE(24), 22050)
  t.ok(bytes.subarray(44).some((byte) => byte !== 0))
  return (bytes.length - 44) / 2048
}

const pictures = (name) => [...readFileSync(at(name), 'utf8').matchAll(/<image [^>]*height="120"/g)].length

t.test('what generate wrote, by rank', async (t) => {
  const args = ['--wav', at('best.wav'), '--plot', at('best.svg'), '--out', at('best.json')]
  await succeed(t, 'generate', model, 'Hello.', '-n', '6', ...few, ...args)
  const { candidates } = JSON.parse(readFileSync(at('best.json'), 'utf8'))
  t.equal(codesIn(t, 'best.wav'), candidates[0].drawnCodes.length)
  t.equal(pictures('best.svg'), 4, 'at most four')
  const svg = readFileSync(at('best.svg'), 'utf8')
  for (const [i, { score, finishReason }] of candidates.slice(0, 4).entries()) {
    t.match(svg, `>rank ${i + 1}<`)
    t.match(svg, `>score ${score.toFixed(4)}<`)
    t.match(svg, `>ended by ${finishReason}<`)
  }
  const preview = (...more) =>
    succeed(t, 'preview', at('best.json'), at('again.wav'), '--model', model, ...more)
  t.match(await preview(), /again\.wav: 0\.\d\d s of rank 1, \d codes?$/m)
  t.same(readFileSync(at('again.wav')), readFileSync(at('best.wav')))
  const json = JSON.parse(await preview('--candidate', '3', '--plot', at('third.svg'), '--json'))
  const codes = candidates[2].drawnCodes.length
  t.match(json, { path: at('again.wav'), codes, sampleRate: 22050, plot: at('third.svg') })
  t.equal(codesIn(t, 'again.wav'), codes)
  t.equal(pictures('third.svg'), 1)
  t.match(readFileSync(at('third.svg'), 'utf8'), '>rank 3<')
  await fails(t, /rank from 1 to 6/, 2, 'preview', at('best.json'), at('x.wav'), '--candidate', '7')
})

t.test('codes written by hand, with the demo model', async (t) => {
  writeFileSync(at('row.json'), '[1, 2, 3]')
  writeFileSync(at('object.json'), '{"codes": [1, 2, 3]}')
  await succeed(t, 'preview', at('row.json'), at('row.wav'), '--iterations', '3')
  await succeed(t, 'preview', at('object.json'), at('object.wav'), '--iterations', '3')
  t.equal(codesIn(t, 'row.wav'), 3)
  t.same(readFileSync(at('row.wav')), readFileSync(at('object.wav')))
})

t.test('a model without a codebook is refused before any work', async (t) => {
  const before = readdirSync(dir)
  const message = /no codebook.*diffusion stage.*\(CLVP_UNSUPPORTED\)/
  const long = ['--voice', at('voice.wav'), '-n', '65536', '--out', at('never.json')]
  for (const file of [
    ['--wav', at('never.wav')],
    ['--plot', at('never.svg')],
  ]) {
    await fails(t, message, 1, 'generate', mute, 'Hello.', ...long, ...file)
  }
  await fails(t, message, 1, 'preview', at('row.json'), at('never.wav'), '--model', mute)
  t.same(readdirSync(dir), before)
})

t.test('what cannot be heard', async (t) => {
  const cases = [
    ['[]', /nothing to hear.*\(CLVP_AUDIO\)/, 1],
    ['{"candidates": [{"codes": [83, 45], "drawnCodes": []}]}', /nothing to hear.*rank 1/, 1],
    ['{"candidates": []}', /rank from 1 to 0/, 2],
    ['{"candidates": [5]}', /expected an array of integers/, 2],
    ['[1, 298]', /codes from 0 to 297/, 2],
    ['[1, 2.5]', /expected an array of integers/, 2],
    ['[[1, 2]]', /expected an array of integers/, 2],
    ['{}', /expected an array of integers/, 2],
    ['null', /expected an array of integers/, 2],
    ['[1', /bad9\.json holds no/, 2],
  ]
  const before = readdirSync(dir)
  const check = ([text, message, status], i) => {
    writeFileSync(at(`bad${i}.json`), text)
    return fails(t, message, status, 'preview', at(`bad${i}.json`), at('bad.wav'), '--model', model)
  }
  await Promise.all(cases.map(check))
  await fails(t, /none\.json.*\(CLVP_IO\)/, 1, 'preview', at('none.json'), at('bad.wav'))
  const row = ['preview', at('row.json')]
  await fails(t, /OUT\.wav is missing/, 2, ...row)
  await fails(t, /no candidates/, 2, ...row, at('bad.wav'), '--candidate', '1')
  await fails(t, /iterations/, 2, ...row, at('bad.wav'), '--iterations', '0', '--model', model)
  await fails(t, /ends with \.wav/, 2, ...row, at('bad.mp3'))
  await fails(t, /\(CLVP_IO\)/, 1, ...row, join(dir, 'no', 'bad.wav'), '--iterations', '1', '--model', model)
  t.same(readdirSync(dir), [...before, ...cases.map((_, i) => `bad${i}.json`)].sort())
})

t.test('inspect tells of it', async (t) => {
  t.match(await succeed(t, 'inspect', model), /^codebook: 298 codes, f32$/m)
  t.notMatch(await succeed(t, 'inspect', mute), /^codebook/m)
})
