// What people of tortoise have, on the command line: a pair under other names, and a voice as latents.
import { spawnSync } from 'node:child_process'
import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { writeCheckpoint } from '../helpers/checkpoint.js'
import { packTuple } from '../helpers/torch.js'
import { saveAsPair, tortoiseRecipe } from '../helpers/tortoise.js'

const main = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))
const dir = t.testdir({})
const models = join(dir, 'models')
writeCheckpoint(tortoiseRecipe(), models)
saveAsPair(models)
for (const name of readdirSync(models)) if (!name.endsWith('.pth')) rmSync(join(models, name))
renameSync(join(models, 'autoregressive.pth'), join(dir, '1480_gpt.pth'))
const latent = { dtype: 'F32', shape: [1, 64], data: Buffer.from(new Float32Array(64).fill(0.5).buffer) }
writeFileSync(join(dir, 'emma.pth'), packTuple([latent, latent]))

function clvp(...args) {
  const env = { ...process.env, CLVP_CACHE: join(dir, 'cache') }
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    cwd: dir,
    env,
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}
const draw = [
  'Hello.',
  '--voice',
  'emma.pth',
  '--candidates',
  '1',
  '--max-tokens',
  '3',
  '--seed',
  '1',
  '--json',
]

t.test('a fine-tune is named', async (t) => {
  const named = ['--autoregressive', '1480_gpt.pth']
  t.match(clvp('convert', 'models', 'out.gguf', ...named), { status: 0, stderr: '' })
  t.match(clvp('verify', 'out.gguf'), { status: 0, stdout: /sound/ })
  const [converted, loaded] = [
    clvp('generate', 'out.gguf', ...draw),
    clvp('generate', 'models', ...draw, ...named),
  ]
  t.match(converted, { status: 0, stderr: '' })
  t.match(loaded, { status: 0, stderr: '' })
  const codes = ({ stdout }) => JSON.parse(stdout).candidates.map(({ codes }) => codes)
  t.same(codes(loaded), codes(converted))
  const tiny = ['--batch-sizes', '1', '--tokens', '2', '--rounds', '1', '--threads', '1']
  t.match(clvp('bench', 'models', ...tiny, ...named), { status: 0, stderr: '' })
})

t.test('what is missing is said', async (t) => {
  t.match(clvp('convert', 'models', 'x.gguf'), {
    status: 1,
    stderr: /autoregressive\.pth is missing.*--autoregressive/,
  })
  t.match(clvp('convert', 'models', 'x.gguf', '--variant', 'fp16'), { status: 2, stderr: /no variants/ })
  const both = ['--variant', 'fp16', '--clvp', 'clvp2.pth']
  t.match(clvp('convert', 'models', 'x.gguf', ...both), { status: 2, stderr: /no variant with/ })
  t.match(clvp('generate', 'out.gguf', ...draw, '--clvp', 'clvp2.pth'), {
    status: 2,
    stderr: /no clvp with a model file/,
  })
})
