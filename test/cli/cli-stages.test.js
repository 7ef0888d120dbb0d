// Stages of speech on the command line: converted with a checkpoint, added to a model file, and shown.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { writeStages } from '../helpers/speech.js'
import { tortoiseRecipe, writePairAlone } from '../helpers/tortoise.js'

const main = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))
const dir = t.testdir({})
writePairAlone(tortoiseRecipe(), join(dir, 'model'))
writeStages(join(dir, 'speech'), { hifigan: {}, randomDecoder: {} })

function clvp(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    cwd: dir,
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

t.test('a stage beside the checkpoint is named by a flag', async (t) => {
  const flags = ['--hifigan', 'speech/hifidecoder.pth', '--random-decoder', 'speech/rlg_auto.pth']
  t.match(clvp('convert', 'model', 'named.gguf', '--type', 'q8_0', ...flags), { status: 0, stderr: '' })
  const { stdout } = clvp('inspect', 'named.gguf')
  t.match(stdout, /^stage +tensors +parameters +size$/m)
  t.match(stdout, /^hifigan +58 +13,401 /m)
  t.match(stdout, /^randomDecoder +12 +24,960 /m)
  t.notMatch(stdout, /^vocoder/m)
  t.match(clvp('convert', 'model', 'x.gguf', '--vocoder', 'gone.pth'), {
    status: 1,
    stderr: /gone\.pth for vocoder/,
  })
})

t.test('stages are added to a model file', async (t) => {
  t.match(clvp('convert', 'model', 'plain.gguf', '--type', 'q8_0'), { status: 0, stderr: '' })
  t.notMatch(clvp('inspect', 'plain.gguf').stdout, /^stage /m)
  const { status, stdout } = clvp('convert', '--add', 'speech', 'plain.gguf', 'added.gguf')
  t.equal(status, 0)
  t.match(stdout, /added\.gguf: q8_0.*\n +added: hifigan\n +added: randomDecoder/)
  t.ok(readFileSync(join(dir, 'added.gguf')).includes('hifigan.pre.weight'), 'the file has them')
  const json = clvp(
    'convert',
    '--add',
    'speech',
    'plain.gguf',
    'f16.gguf',
    '--type',
    'f16',
    '--threads',
    '1',
    '--json',
  )
  t.match(JSON.parse(json.stdout), {
    type: 'f16',
    added: ['hifigan', 'randomDecoder'],
    replaced: [],
    fallbacks: [],
  })
})

t.test('what does not go with --add', async (t) => {
  for (const flags of [
    ['--clvp', 'clvp2.pth'],
    ['--tensor-type', '*=f16'],
  ]) {
    const stderr = `${flags[0]} does not go with --add`
    t.match(clvp('convert', '--add', 'speech', 'plain.gguf', 'x.gguf', ...flags), { status: 2, stderr })
  }
  t.match(clvp('convert', '--add', 'speech', 'plain.gguf'), { status: 2, stderr: /OUT\.gguf is missing/ })
  t.match(clvp('convert', '--add', 'speech', 'plain.gguf', 'x.gguf', '--type', 'auto'), {
    status: 2,
    stderr: /--type/,
  })
  t.match(clvp('convert', '--add', 'model', 'plain.gguf', 'x.gguf'), { status: 2, stderr: /found none/ })
})
