// Repositories that have torch files only: what is pulled is converted as the same folder here would be.
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Clvp, convertFolder, pullModel } from '../../dist/lib/index.js'
import { readRecipe, writeCheckpoint } from '../helpers/checkpoint.js'
import { commitOf, filesOf, startHub } from '../helpers/hub_server.js'
import { saveAsTorch } from '../helpers/torch.js'
import { packNorms, saveAsPair } from '../helpers/tortoise.js'

const dir = t.testdir({})
const recipe = readRecipe('plain')

function checkpoint(name, options) {
  return writeCheckpoint(recipe, join(dir, name), options)
}

const whole = checkpoint('whole')
saveAsTorch(whole)
const sharded = checkpoint('sharded', { shards: 3 })
saveAsTorch(sharded)
const pair = checkpoint('pair')
const { mel_norms } = JSON.parse(readFileSync(join(pair, 'preprocessor_config.json'), 'utf8'))
saveAsPair(pair)
rmSync(join(pair, 'preprocessor_config.json'))
writeFileSync(join(pair, 'mel_norms.pth'), packNorms(mel_norms))
const without = (name) => {
  const files = filesOf(pair)
  delete files[name]
  return files
}

const held = (files) => ({ revisions: { main: commitOf('x') }, commits: { [commitOf('x')]: files } })
const hub = await startHub(t, {
  'owner/whole': held({ ...filesOf(whole), 'cvvp.pth': Buffer.from('not wanted') }),
  'owner/sharded': held(filesOf(sharded)),
  'owner/pair': held({ ...filesOf(pair), 'cvvp.pth': Buffer.from('not wanted') }),
  'owner/half': held(without('clvp2.pth')),
})
for (const name of Object.keys(process.env)) if (/^(HF_|CLVP_CACHE)/.test(name)) delete process.env[name]
Object.assign(process.env, {
  HF_HOME: join(dir, 'home'),
  HF_ENDPOINT: hub.endpoint,
  CLVP_CACHE: join(dir, 'cache'),
})

for (const [name, folder] of Object.entries({ whole, sharded, pair })) {
  t.test(name, async (t) => {
    const here = join(dir, 'here', name)
    cpSync(folder, here, { recursive: true })
    const target = join(dir, `${name}.gguf`)
    await convertFolder(here, target, { type: 'q8_0' })
    const pulled = await pullModel(`owner/${name}`, { type: 'q8_0' })
    t.ok(readFileSync(pulled.path).equals(readFileSync(target)), 'the same model file')
    t.notOk(
      hub.requests.some((each) => each.name === 'cvvp.pth'),
      'and no other weights',
    )
    await (await Clvp.load(`owner/${name}`, { type: 'q8_0', threads: 1 })).dispose()
  })
}

t.test('a pair that is not whole', async (t) => {
  const format = (message) => ({ code: 'CLVP_MODEL_FORMAT', message })
  await t.rejects(pullModel('owner/half'), format(/autoregressive\.pth with clvp2\.pth/))
})
