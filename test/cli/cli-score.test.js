// clvp score: which recording says a text best, and which text each recording says.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { Clvp, writeWav } from '../../dist/lib/index.js'

const cli = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))
const run = (...args) => spawnSync(process.execPath, [cli, 'score', ...args], { encoding: 'utf8' })
const texts = ['Good morning Anna.', 'We have no time for this.']

const dir = t.testdir({ 'texts.txt': `${texts.join('\n')}\n`, swapped: {} })
const clips = ['0.wav', '1.wav'].map((name) => join(dir, name))
const list = join(dir, 'texts.txt')

t.before(async () => {
  const clvp = await Clvp.load(Clvp.demo, { threads: 1 })
  const voice = await clvp.voice(Clvp.demoVoice)
  for (const [i, text] of texts.entries()) {
    const { best } = await clvp.generate(text, { voice, candidates: 4, seed: 1 })
    const { samples, sampleRate } = await clvp.preview(best.drawnCodes)
    await writeWav(clips[i], samples, sampleRate)
    await writeWav(join(dir, 'swapped', `${1 - i}.wav`), samples, sampleRate)
  }
  await clvp.dispose()
})

t.test('which recording says the text best', async (t) => {
  const { status, stdout } = run('demo', texts[1], ...clips)
  t.equal(status, 0)
  t.match(stdout, /rank +clip +length +score\n.*\n +1 +\S+1\.wav .*\n +2 +\S+0\.wav /)
  const found = JSON.parse(run('demo', texts[1], ...clips, '--json').stdout)
  t.match(found, [{ index: 1, clip: clips[1] }, { index: 0 }])
  t.ok(Array.isArray(found[0].codes))
})

t.test('which text each recording says', async (t) => {
  const { status, stdout } = run('demo', '--texts', list, ...clips)
  t.equal(status, 0)
  t.match(stdout, /clip +line +score +lead +text\n.*\n\S+0\.wav +1 .*Good morning.*\n\S+1\.wav +2 .*no time/)
  const found = JSON.parse(run('demo', '--texts', list, ...clips, '--json').stdout)
  t.match(found, { texts, best: [0, 1], clips: [{ clip: clips[0] }, { clip: clips[1] }] })
  t.same(
    found.scores.map((row) => row.length),
    [2, 2],
  )
})

t.test('pairs: recordings that say another text come first', async (t) => {
  const right = run('demo', '--texts', list, '--pairs', ...clips)
  t.equal(right.status, 0)
  const wrong = run('demo', '--texts', list, '--pairs', join(dir, 'swapped'), '--json')
  t.equal(wrong.status, 1)
  t.match(JSON.parse(wrong.stdout).pairs, [{ place: 2 }, { place: 2 }])
  t.match(
    run('demo', '--texts', list, '--pairs', clips[0]).stderr,
    /--pairs takes as many texts as recordings, not 2 texts and 1 recordings/,
  )
})

t.test('what is missing or does not go together', async (t) => {
  for (const [args, message] of [
    [[], /MODEL is missing/],
    [['demo'], /TEXT or --texts is missing/],
    [['demo', 'hi'], /CLIP is missing/],
    [['demo', '--texts', list], /CLIP is missing/],
    [['demo', 'hi', clips[0], '--pairs'], /--pairs goes with --texts/],
  ]) {
    const { status, stderr } = run(...args)
    t.equal(status, 2)
    t.match(stderr, message)
  }
  writeFileSync(join(dir, 'empty.txt'), '\n')
  t.match(run('demo', '--texts', join(dir, 'empty.txt'), clips[0]).stderr, /one text per line/)
})
