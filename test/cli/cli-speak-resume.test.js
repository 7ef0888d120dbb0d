// clvp speak in pieces: a sound for each line, parts that are kept, and Ctrl-C in the midst of either.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'
import { makeSpeakingModel } from '../helpers/speaking_model.js'

const main = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))
const dir = t.testdir({})
const file = await makeSpeakingModel(dir)
const few = ['--voice', Clvp.demoVoice, '--max-tokens', '20', '-n', '2', '--retries', '0', '--threads', '1']
const at = (...names) => join(dir, ...names)
const names = (folder) => (existsSync(at(folder)) ? readdirSync(at(folder)) : [])

function run(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'speak', file, ...few, ...args], {
    cwd: dir,
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

const lines = (...args) => {
  const { status, stdout, stderr } = run(
    '--text-file',
    'lines.txt',
    '--lines',
    '-o',
    'lines',
    '--json',
    ...args,
  )
  return status === 0 ? JSON.parse(stdout) : { status, stderr }
}

t.test('a second run makes the lines that are missing or other', async (t) => {
  writeFileSync(at('lines.txt'), 'Good morning.\n\n  How are you?\nGood night.\n')
  t.match(lines(), {
    made: 3,
    kept: 0,
    sounds: [{ file: '0001.wav' }, { file: '0003.wav' }, { file: '0004.wav' }],
  })
  t.same(names('lines'), ['0001.wav', '0003.wav', '0004.wav', 'manifest.jsonl'])
  const entries = readFileSync(at('lines', 'manifest.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  t.equal(entries.length, 3)
  for (const { text, settings, seconds } of entries) {
    t.match([text, settings], [/^[\da-f]{64}$/, /^[\da-f]{64}$/])
    t.ok(seconds > 0)
  }
  const { mtimeMs } = statSync(at('lines', '0001.wav'))
  const again = lines()
  t.match(again, { made: 0, kept: 3, seed: entries[0].seed, sounds: entries })
  t.equal(statSync(at('lines', '0001.wav')).mtimeMs, mtimeMs, 'nothing is written')

  rmSync(at('lines', '0003.wav'))
  t.match(lines(), { made: 1, kept: 2 }, 'a file that is gone')
  writeFileSync(at('lines.txt'), 'Good morning.\n\nHow are they?\nGood night.\n')
  t.match(lines(), { made: 1, kept: 2, seed: entries[0].seed }, 'a line that has changed')
  t.match(lines('--seed', '7'), { made: 3, seed: 7 }, 'another seed')
  t.match(lines('--top-k', '5'), { made: 3 }, 'another option')
})

t.test('a line of the manifest that a crash cut is dropped; one that is none is an error', async (t) => {
  writeFileSync(at('lines.txt'), 'Good morning.\nGood night.\n')
  lines()
  appendFileSync(at('lines', 'manifest.jsonl'), '{"file":"0002.w')
  t.match(lines(), { made: 0, kept: 2 })
  t.ok(readFileSync(at('lines', 'manifest.jsonl'), 'utf8').endsWith('}\n'))
  appendFileSync(at('lines', 'manifest.jsonl'), '{"file":5}\n')
  t.match(lines(), { status: 1, stderr: /manifest\.jsonl, line \d+ but received \{"file":5\}.*CLVP_IO/ })
})

t.test('a bad line is named before any line is spoken', async (t) => {
  writeFileSync(at('bad.txt'), 'Good morning.\n* * *\n')
  const { status, stderr } = run('--text-file', 'bad.txt', '--lines', '-o', 'bad')
  t.equal(status, 2)
  t.match(stderr, /^clvp: line 2: /)
  t.same(names('bad'), [])
  writeFileSync(at('bad.txt'), '\n\n')
  t.match(run('--text-file', 'bad.txt', '--lines', '-o', 'bad'), {
    status: 2,
    stderr: /Expected lines of text/,
  })
})

/** Starts a slow run, and stops it as soon as `isThere`. */
async function interrupt(args, isThere) {
  const child = spawn(process.execPath, [main, 'speak', file, ...few, ...args], { cwd: dir })
  const ended = once(child, 'exit')
  while (child.exitCode === null && !isThere()) await sleep(2)
  child.kill('SIGINT')
  const [code] = await ended
  return code
}

const slow = ['--speech', 'diffusion', '--steps', '100', '--seed', '3']
const text = `${'Hello there world, this is fine. '.repeat(24)}Good night.`

t.test('Ctrl-C loses at most one part', { skip: process.platform === 'win32' && 'no signals' }, async (t) => {
  writeFileSync(at('long.txt'), text)
  const args = ['--text-file', 'long.txt', '-o', 'long.wav', '--parts', 'parts', ...slow]
  t.equal(await interrupt(args, () => existsSync(at('parts', '0002.json'))), 130)
  const kept = names('parts').filter((name) => name.endsWith('.json'))
  t.ok(kept.length >= 2)
  t.notOk(
    readdirSync(dir).some((name) => name.startsWith('long.wav')),
    'no half file',
  )
  t.notOk(
    names('parts').some((name) => name.endsWith('.tmp')),
    'nor a half part',
  )
  const written = kept.map((name) => statSync(at('parts', name)).mtimeMs)
  t.match(run(...args), { status: 0 })
  t.same(
    kept.map((name) => statSync(at('parts', name)).mtimeMs),
    written,
    'kept parts are not made again',
  )
  t.match(run('--text-file', 'long.txt', '-o', 'whole.wav', ...slow), { status: 0 })
  t.same(readFileSync(at('long.wav')), readFileSync(at('whole.wav')), 'as if it had not been interrupted')
})

t.test('Ctrl-C loses at most one line', { skip: process.platform === 'win32' && 'no signals' }, async (t) => {
  writeFileSync(at('many.txt'), 'Hello there world.\n'.repeat(20))
  const args = ['--text-file', 'many.txt', '--lines', '-o', 'many', ...slow]
  const manifest = () =>
    existsSync(at('many', 'manifest.jsonl')) ? readFileSync(at('many', 'manifest.jsonl'), 'utf8') : ''
  t.equal(await interrupt(args, () => manifest().includes('0002.wav')), 130)
  const finished = manifest()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).file)
  t.ok(finished.length >= 2 && finished.length < 20, `${finished.length} lines`)
  const sounds = names('many').filter((name) => name.endsWith('.wav'))
  t.ok(sounds.length - finished.length <= 1, 'at most one sound is not listed yet')
  t.notOk(names('many').some((name) => name.endsWith('.tmp')))
})

t.test('Ctrl-C ends a stream', { skip: process.platform === 'win32' && 'no signals' }, async (t) => {
  const child = spawn(process.execPath, [main, 'speak', file, text, ...few, ...slow, '--stream'], {
    cwd: dir,
  })
  const ended = once(child, 'exit')
  await once(child.stdout, 'data')
  child.stdout.resume()
  child.kill('SIGINT')
  t.same(await ended, [130, null])
})
