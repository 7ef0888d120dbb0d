// Repositories with stages of speech: they are fetched where they are there, named or in a folder, unless
// they are here.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { convertFolder, pullModel } from '../../dist/lib/index.js'
import { commitOf, filesOf, startHub } from '../helpers/hub_server.js'
import {
  speechSizes,
  univnetConfig,
  univnetTensors,
  writeSpeechFolder,
  writeTorch,
} from '../helpers/speech.js'

const dir = t.testdir({})
const folder = join(dir, 'tortoise')
writeSpeechFolder(folder)
const files = filesOf(folder)
const { 'autoregressive.pth': decoder, 'clvp2.pth': ranker } = files
const pair = { 'autoregressive.pth': decoder, 'clvp2.pth': ranker }
const inModels = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`.models/${name}`, bytes]))

/** A UnivNet as transformers saves it: here, and in a folder of a repository. */
const sizes = { ...speechSizes.vocoder, layers: 3 }
const here = join(dir, 'univnet')
mkdirSync(here)
writeTorch(
  join(here, 'pytorch_model.bin'),
  univnetTensors({ ...sizes, layout: 'transformers', norm: 'none' }),
)
writeFileSync(join(here, 'config.json'), JSON.stringify(univnetConfig(sizes)))
const univnet = Object.fromEntries(
  Object.entries(filesOf(here)).map(([name, bytes]) => [`univnet/${name}`, bytes]),
)
univnet['univnet/README.md'] = Buffer.from('not wanted')

const held = (files) => ({ revisions: { main: commitOf('x') }, commits: { [commitOf('x')]: files } })
const hub = await startHub(t, {
  'owner/tortoise': held({ ...files, 'cvvp.pth': Buffer.from('not wanted') }),
  'owner/models': held(inModels),
  'owner/univnet': held({ ...pair, ...univnet }),
})
for (const name of Object.keys(process.env)) if (/^(HF_|CLVP_CACHE)/.test(name)) delete process.env[name]
Object.assign(process.env, {
  HF_HOME: join(dir, 'home'),
  HF_ENDPOINT: hub.endpoint,
  CLVP_CACHE: join(dir, 'cache'),
})

const fetched = (id) => [
  ...new Set(hub.requests.filter((each) => each.id === id && each.kind !== 'api').map(({ name }) => name)),
]

async function converted(name, options) {
  const target = join(dir, 'here.gguf')
  await convertFolder(folder, target, { type: 'f32', name, ...options })
  return readFileSync(target)
}

t.test('all that the repository has', async (t) => {
  for (const [name, expected] of [
    ['tortoise', Object.keys(files)],
    ['models', Object.keys(inModels)],
  ]) {
    hub.reset()
    const { path } = await pullModel(`owner/${name}`, { type: 'f32' })
    t.ok((await converted(name)).equals(readFileSync(path)), `${name}: the same model file as from a folder`)
    t.same(fetched(`owner/${name}`).sort(), expected.sort(), `${name}: and no other files`)
  }
})

t.test('a file here stands in for the one there', async (t) => {
  hub.reset()
  const hifigan = join(dir, 'my_hifigan.pth')
  writeTorch(hifigan, univnetTensors())
  const named = { type: 'f32', hifigan, dvae: 'vae.pth' }
  await t.rejects(pullModel('owner/models', named), { code: 'CLVP_IO', message: /no file vae\.pth for dvae/ })
  delete named.dvae
  await t.rejects(pullModel('owner/models', named), { message: /my_hifigan\.pth: .*expected a HiFi-GAN/ })
  t.notOk(fetched('owner/models').includes('.models/hifidecoder.pth'))
})

t.test("transformers' UnivNet in a folder of the repository", async (t) => {
  const { path: without } = await pullModel('owner/univnet', { type: 'f32' })
  t.notOk(
    fetched('owner/univnet').some((name) => name.startsWith('univnet/')),
    'not unless it is named',
  )
  t.notOk(readFileSync(without).includes('vocoder.pre.weight'))
  for (const name of Object.keys(files)) if (!Object.hasOwn(pair, name)) rmSync(join(folder, name))
  const expected = await converted('univnet', { vocoder: here })
  for (const vocoder of ['univnet', 'univnet/', 'univnet/pytorch_model.bin']) {
    hub.reset()
    const { path } = await pullModel('owner/univnet', { type: 'f32', vocoder })
    t.ok(expected.equals(readFileSync(path)), vocoder)
    t.notOk(fetched('owner/univnet').includes('univnet/README.md'))
  }
})
