// Repositories of .pth files alone, as tortoise's and those of its fine-tunes: what is fetched, and what is left.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Clvp, convertFolder, pullModel } from '../../dist/lib/index.js'
import { writeCheckpoint } from '../helpers/checkpoint.js'
import { makeDvae, writeDvae } from '../helpers/dvae.js'
import { commitOf, filesOf, startHub } from '../helpers/hub_server.js'
import { saveAsPair, tortoiseRecipe } from '../helpers/tortoise.js'

const dir = t.testdir({})
const pair = join(dir, 'pair')
writeCheckpoint(tortoiseRecipe(), pair)
const safetensors = readFileSync(join(pair, 'model.safetensors'))
const saved = filesOf(pair)
saveAsPair(pair)
const { 'autoregressive.pth': decoder, 'clvp2.pth': ranker } = filesOf(pair)

/** What makes codes of recordings. */
const dvaePath = join(dir, 'dvae.pth')
writeDvae(dvaePath, makeDvae({ mels: 80, hidden: 8, blocks: 1, embd: 4, codes: 298 }, 1))
const dvae = readFileSync(dvaePath)

/** What tortoise's repositories hold besides: never read. */
const others = Object.fromEntries(
  ['cvvp', 'classifier', 'my_vocoder', 'diffusion'].map((name) => [`${name}.pth`, Buffer.from('not wanted')]),
)
const inModels = Object.fromEntries(
  Object.entries({ 'autoregressive.pth': decoder, 'clvp2.pth': ranker, ...others }).map(([name, bytes]) => [
    `.models/${name}`,
    bytes,
  ]),
)
const { 'model.safetensors': _, ...withoutWeights } = saved

const held = (files) => ({ revisions: { main: commitOf('x') }, commits: { [commitOf('x')]: files } })
const hub = await startHub(t, {
  'owner/tortoise': held({ 'autoregressive.pth': decoder, 'clvp2.pth': ranker, ...others }),
  'owner/models': held({ 'README.md': Buffer.from('x'), ...inModels }),
  'owner/finetune': held({ '1480_gpt.pth': decoder, 'clvp2.pth': ranker, ...others }),
  'owner/steps': held({ '1480_gpt.pth': decoder, '900_gpt.pth': decoder, 'clvp2.pth': ranker }),
  'owner/gpt-only': held({ 'finetune/1480_gpt.pth': decoder }),
  'owner/fp16': held({ ...withoutWeights, 'model.fp16.safetensors': safetensors }),
  'owner/dvae': held({ ...inModels, '.models/dvae.pth': dvae }),
  'owner/vae': held({ 'autoregressive.pth': decoder, 'clvp2.pth': ranker, 'vae.pth': dvae }),
  'owner/outside': held({ '../../1480_gpt.pth': decoder, 'clvp2.pth': ranker }),
})
for (const name of Object.keys(process.env)) if (/^(HF_|CLVP_CACHE)/.test(name)) delete process.env[name]
Object.assign(process.env, {
  HF_HOME: join(dir, 'home'),
  HF_ENDPOINT: hub.endpoint,
  CLVP_CACHE: join(dir, 'cache'),
})

/** The model file that these weights become under a name. */
async function expected(name) {
  const folder = join(dir, 'here', name)
  mkdirSync(folder, { recursive: true })
  for (const file of ['autoregressive.pth', 'clvp2.pth']) cpSync(join(pair, file), join(folder, file))
  await convertFolder(folder, `${folder}.gguf`, { type: 'f32' })
  return readFileSync(`${folder}.gguf`)
}

const fetched = (id) => [
  ...new Set(hub.requests.filter((each) => each.id === id && each.kind !== 'api').map(({ name }) => name)),
]

for (const [name, files] of Object.entries({
  tortoise: ['autoregressive.pth', 'clvp2.pth'],
  models: ['.models/autoregressive.pth', '.models/clvp2.pth'],
  finetune: ['1480_gpt.pth', 'clvp2.pth'],
})) {
  t.test(name, async (t) => {
    hub.reset()
    const pulled = await pullModel(`owner/${name}`, { type: 'f32' })
    t.ok((await expected(name)).equals(readFileSync(pulled.path)), 'the same model file as from a folder')
    t.same(fetched(`owner/${name}`), files, 'and no other files')
    hub.reset()
    const again = await pullModel(`owner/${name}`, { type: 'f32' })
    t.equal(again.path, pulled.path)
    t.same(fetched(`owner/${name}`), [], 'nothing twice')
    process.env.HF_HUB_OFFLINE = '1'
    t.equal((await pullModel(`owner/${name}`, { type: 'f32' })).path, pulled.path, 'offline')
    delete process.env.HF_HUB_OFFLINE
  })
}

t.test('several decoders', async (t) => {
  await t.rejects(pullModel('owner/steps'), {
    code: 'CLVP_INVALID_ARGUMENT',
    message: /one file for autoregressive .*1480_gpt\.pth, 900_gpt\.pth: name one with 'autoregressive'/,
  })
  hub.reset()
  const named = { type: 'f32', autoregressive: '900_gpt.pth' }
  const { path } = await pullModel('owner/steps', named)
  t.ok((await expected('steps')).equals(readFileSync(path)))
  t.same(fetched('owner/steps'), ['900_gpt.pth', 'clvp2.pth'])
  const clvp = await Clvp.load('owner/steps', { ...named, threads: 1, parts: ['ranker'] })
  await clvp.dispose()
})

t.test('one part from the hub, the other from here', async (t) => {
  const file = join(dir, 'clvp2.pth')
  writeFileSync(file, ranker)
  const named = { type: 'f32', autoregressive: 'finetune/1480_gpt.pth', clvp: file }
  const { path } = await pullModel('owner/gpt-only', named)
  t.ok((await expected('gpt-only')).equals(readFileSync(path)))
  rmSync(file)
  await t.rejects(pullModel('owner/gpt-only', named), { code: 'CLVP_IO', message: /no file .*clvp2\.pth/ })
})

t.test('a variant', async (t) => {
  hub.reset()
  const alone = await pullModel('owner/fp16', { type: 'f32' })
  t.ok(fetched('owner/fp16').includes('model.fp16.safetensors'))
  const named = await pullModel('owner/fp16', { type: 'f32', variant: 'fp16' })
  t.ok(readFileSync(alone.path).equals(readFileSync(named.path)))
  await t.rejects(pullModel('owner/fp16', { variant: 'bf16' }), {
    code: 'CLVP_INVALID_ARGUMENT',
    message: /received 'bf16': it has fp16/,
  })
})

t.test('a name that leads out of the snapshot', async (t) => {
  hub.reset()
  const named = { autoregressive: '../../1480_gpt.pth' }
  await t.rejects(pullModel('owner/outside', named), { code: 'CLVP_IO', message: /no file/ })
  t.notOk(fetched('owner/outside').some((name) => name.includes('..')))
})

t.test('the discrete VAE, where it is there, named or here', async (t) => {
  const encoderOf = async (source, options) => {
    hub.reset()
    const clvp = await Clvp.load(source, { threads: 1, ...options })
    await clvp.dispose()
    return clvp.info.encoder
  }
  t.equal(await encoderOf('owner/dvae'), 'dvae')
  t.ok(fetched('owner/dvae').includes('.models/dvae.pth'))
  t.equal(await encoderOf('owner/vae'), undefined)
  t.notOk(fetched('owner/vae').includes('vae.pth'))
  t.equal(await encoderOf('owner/vae', { dvae: 'vae.pth' }), 'dvae')
  t.same(fetched('owner/vae'), ['vae.pth'])
  t.equal(await encoderOf('owner/vae', { dvae: dvaePath }), 'dvae')
  t.same(fetched('owner/vae'), [], 'a file here')
})
