// The environment variables mean what they mean to huggingface_hub, and no message shows a secret.
import { mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import t from 'tap'
import { readHubSettings } from '../../dist/lib/hub/settings.js'
import { fetchSnapshot } from '../../dist/lib/hub/snapshot.js'
import { commitOf, startHub } from '../helpers/hub_server.js'

const dir = t.testdir({ home: { token: 'hf_file\n' }, other: { token: 'hf_other' }, empty: {} })
const home = join(dir, 'home')
/** A variable in a path, written in braces. */
const braces = (name) => `\${${name}}`

/** The settings with these variables and no others of the hub. */
async function settings(env) {
  for (const name of Object.keys(process.env)) {
    if (/^(HF_|HUGGING|TRANSFORMERS_|XDG_CACHE)/.test(name)) delete process.env[name]
  }
  Object.assign(process.env, env)
  return readHubSettings()
}

t.test('the cache', async (t) => {
  const cacheOf = async (env) => (await settings(env)).cache
  t.equal(await cacheOf({ HF_HOME: home }), join(home, 'hub'))
  t.equal(await cacheOf({ XDG_CACHE_HOME: dir }), join(dir, 'huggingface', 'hub'))
  t.equal(await cacheOf({ HF_HOME: home, HUGGINGFACE_HUB_CACHE: join(dir, 'old') }), join(dir, 'old'))
  const both = { HF_HUB_CACHE: join(dir, 'new'), HUGGINGFACE_HUB_CACHE: join(dir, 'old') }
  t.equal(await cacheOf({ HF_HOME: home, ...both }), join(dir, 'new'))
})

t.test('variables in paths', async (t) => {
  process.env.CLVP_TEST_PLACE = dir
  t.teardown(() => {
    delete process.env.CLVP_TEST_PLACE
  })
  const written = {
    '$CLVP_TEST_PLACE/home': home,
    [`${braces('CLVP_TEST_PLACE')}/home`]: home,
    '~/x': join(homedir(), 'x'),
    '$CLVP_TEST_NONE/home': resolve('$CLVP_TEST_NONE/home'),
    [`${braces('CLVP_TEST_NONE')}x`]: resolve(`${braces('CLVP_TEST_NONE')}x`),
    [join(dir, 'a$')]: join(dir, 'a$'),
  }
  for (const [value, path] of Object.entries(written)) {
    t.equal((await settings({ HF_HOME: value })).cache, join(path, 'hub'), value)
  }
  t.equal((await settings({ HF_HUB_CACHE: '$CLVP_TEST_PLACE/c' })).cache, join(dir, 'c'))
  const file = `${braces('CLVP_TEST_PLACE')}/other/token`
  t.equal((await settings({ HF_HOME: home, HF_TOKEN_PATH: file })).token, 'hf_other')
})

t.test('the token', async (t) => {
  const tokenOf = async (env) => (await settings({ HF_HOME: home, ...env })).token
  t.equal(await tokenOf({}), 'hf_file')
  t.equal(await tokenOf({ HUGGING_FACE_HUB_TOKEN: 'hf_old' }), 'hf_old')
  t.equal(await tokenOf({ HF_TOKEN: ' hf_new ', HUGGING_FACE_HUB_TOKEN: 'hf_old' }), 'hf_new')
  t.equal(await tokenOf({ HF_TOKEN: '', HUGGING_FACE_HUB_TOKEN: '' }), 'hf_file')
  t.equal(await tokenOf({ HF_HOME: join(dir, 'empty') }), undefined)
  t.equal(await tokenOf({ HF_TOKEN: 'hf_new', HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' }), undefined)
  t.equal(await tokenOf({ HF_HUB_DISABLE_IMPLICIT_TOKEN: 'on' }), undefined)
  t.equal(await tokenOf({ HF_HUB_DISABLE_IMPLICIT_TOKEN: '0' }), 'hf_file')
})

t.test('no connections', async (t) => {
  const offlineBy = async (env) => (await settings({ HF_HOME: home, ...env })).offlineBy
  t.equal(await offlineBy({}), undefined)
  t.equal(await offlineBy({ TRANSFORMERS_OFFLINE: '1' }), 'TRANSFORMERS_OFFLINE')
  t.equal(await offlineBy({ TRANSFORMERS_OFFLINE: '1', HF_HUB_OFFLINE: '0' }), undefined)
  t.equal(await offlineBy({ TRANSFORMERS_OFFLINE: '1', HF_HUB_OFFLINE: '' }), 'TRANSFORMERS_OFFLINE')
  t.equal(await offlineBy({ HF_HUB_OFFLINE: 'yes' }), 'HF_HUB_OFFLINE')
  await settings({ HF_HOME: home, TRANSFORMERS_OFFLINE: 'True' })
  const message = /^TRANSFORMERS_OFFLINE is set.*owner\/none/
  await t.rejects(fetchSnapshot('owner/none', { revision: 'main' }), { code: 'CLVP_IO', message })
})

t.test('secrets are not shown', async (t) => {
  const endpoints = [
    'https://me:s3cret@x',
    'https://me:s3c@s3cret@x/y',
    'me:s3cret@x',
    'https://s3cret@x',
    'ftp://me:s3cret@x',
    'https://x?token=s3cret',
    'https://me:s3cret@x:port',
    'HTTPS://me:s3cret@x/#s3cret',
  ]
  for (const endpoint of endpoints) {
    const error = await settings({ HF_HOME: home, HF_ENDPOINT: endpoint }).catch((error) => error)
    t.match(error, { code: 'CLVP_INVALID_ARGUMENT', message: /HF_ENDPOINT.*\*\*\*.*HF_TOKEN/ }, endpoint)
    t.notMatch(`${error.stack} ${JSON.stringify(error)}`, /s3c/)
  }
  for (const name of ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN']) {
    const error = await settings({ HF_HOME: home, [name]: 's3c ret' }).catch((error) => error)
    t.match(error, { code: 'CLVP_INVALID_ARGUMENT', message: new RegExp(name) })
    t.notMatch(error.message, /s3c/)
  }
  mkdirSync(join(dir, 'bad'))
  writeFileSync(join(dir, 'bad', 'token'), 's3c\nret')
  const error = await settings({ HF_HOME: join(dir, 'bad') }).catch((error) => error)
  t.match(error, { code: 'CLVP_INVALID_ARGUMENT', message: /bad.token/ })
  t.notMatch(error.message, /s3c/)
})

t.test('a redirect with a password', async (t) => {
  const commit = commitOf('first')
  const files = { 'model.gguf': Buffer.from('x') }
  const hub = await startHub(t, { 'owner/a': { revisions: { main: commit }, commits: { [commit]: files } } })
  hub.fault = ({ kind }) =>
    kind === 'file' ? { status: 302, headers: { location: 'http://me:s3cret@127.0.0.1:9/x' } } : undefined
  await settings({ HF_HOME: join(dir, 'empty'), HF_ENDPOINT: hub.endpoint })
  const error = await fetchSnapshot('owner/a', { revision: 'main' }).catch((error) => error)
  t.match(error, { code: 'CLVP_IO', message: /redirects to an address with a password/ })
  t.notMatch(`${error.stack} ${error.cause?.stack}`, /s3c/)
})
