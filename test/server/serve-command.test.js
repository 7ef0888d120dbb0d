// `clvp serve`: its arguments, variables, messages and exit statuses.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { readSettings } from '@node-clvp/server'
import t from 'tap'
import { tinyFile } from '../helpers/model.js'

const cli = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))
const file = await tinyFile()
const run = (...args) =>
  spawnSync(process.execPath, [cli, 'serve', ...args], { encoding: 'utf8', timeout: 60_000 })

t.test('settings come from flags, then from the environment', async (t) => {
  const env = {
    CLVP_SERVE_PORT: '1',
    CLVP_SERVE_QUEUE: '3',
    CLVP_SERVE_API_KEY: 'a,b',
    CLVP_SERVE_ISOLATE: 'true',
    CLVP_SERVE_MODEL: 'x.gguf',
  }
  const settings = readSettings(['--port', '2', '--log-texts'], env)
  t.match(settings, {
    port: 2,
    queue: 3,
    apiKey: ['a', 'b'],
    isolate: true,
    logTexts: true,
    host: '127.0.0.1',
  })
  t.same(settings.models, [{ name: 'x', source: 'x.gguf' }])
  t.same(readSettings(['a=/b/c.gguf', 'owner/name', 'demo'], {}).models, [
    { name: 'a', source: '/b/c.gguf' },
    { name: 'name', source: 'owner/name' },
    { name: 'demo', source: 'demo' },
  ])
})

t.test('wrong arguments are status 2, with what was expected', async (t) => {
  for (const [args, message] of [
    [[], /MODEL is missing/],
    [['demo', '--port', '70000'], /Expected a whole number from 0 to 65535 for --port but received '70000'/],
    [['demo', '--nonsense'], /there is no flag --nonsense/],
    [['demo', '--prot', '1'], /there is no flag --prot: did you mean --port\?/],
    [['demo', 'a/demo.gguf'], /Two models have the name 'demo'/],
    [['demo', '--log-level', 'loud'], /Expected one of fatal, .* for --log-level/],
  ]) {
    const { status, stderr } = run(...args)
    t.equal(status, 2, args.join(' '))
    t.match(stderr, message)
  }
  t.throws(() => readSettings(['demo'], { CLVP_SERVE_ISOLATE: 'yes' }), {
    message: /true or false for CLVP_SERVE_ISOLATE/,
  })
  for (const [argv, message] of [
    [['--nonsense'], "Expected a flag of clvp serve but received '--nonsense'"],
    [['--port'], 'Expected a value for --port but received none'],
    [['--isolate=yes'], "Expected no value for --isolate but received 'yes'"],
  ]) {
    t.throws(() => readSettings(['demo', ...argv], {}), { message })
  }
})

t.test('help lists each setting', async (t) => {
  const { status, stdout } = run('--help')
  t.equal(status, 0)
  t.match(stdout, /^Usage: clvp serve MODEL/)
  t.match(stdout, /--max-text is CLVP_SERVE_MAX_TEXT/)
  t.match(stdout, /^ {2,}--max-text N /m)
})

t.test('a model that cannot be loaded ends the server', async (t) => {
  const { status, stderr } = run('/nowhere/model.gguf', '--port', '0', '--log-level', 'silent')
  t.equal(status, 1)
  t.match(stderr, /nowhere.*\(CLVP_\w+\)/)
})

t.test('a folder of voices that is not there ends it too', async (t) => {
  const { status, stderr } = run(file, '--voices', '/nowhere', '--port', '0')
  t.equal(status, 1)
  t.match(stderr, /\/nowhere/)
})

t.test('without the package it says what to install', async (t) => {
  const hook = `export async function resolve(name, context, next) {
    if (name !== '@node-clvp/server') return next(name, context)
    throw Object.assign(new Error("Cannot find package '@node-clvp/server'"), { code: 'ERR_MODULE_NOT_FOUND' })
  }`
  const loader = `import { register } from 'node:module'; register('data:text/javascript,' + ${JSON.stringify(encodeURIComponent(hook))})`
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(loader)}`, cli, 'serve', 'demo'],
    { encoding: 'utf8' },
  )
  t.equal(status, 1, stderr)
  t.match(stderr, /run npm install @node-clvp\/server \(CLVP_UNSUPPORTED\)/)
})

t.test('it tells when it listens and when it is ready, and ends by SIGTERM', async (t) => {
  const child = spawn(process.execPath, [cli, 'serve', file, '--port', '0', '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  let log = ''
  child.stderr.on('data', (data) => {
    log += data
  })
  const lines = []
  for await (const line of createInterface(child.stdout)) {
    lines.push(JSON.parse(line))
    if (lines.length === 2) break
  }
  t.match(lines, [{ event: 'listening' }, { event: 'ready' }])
  t.equal((await fetch(`${lines[1].url}/ready`)).status, 200)
  const body = JSON.stringify({ input: 'A secret text.', voice: 'demo', candidates: 1 })
  await fetch(`${lines[1].url}/v1/candidates`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json' },
  })
  child.kill('SIGTERM')
  const [status] = await once(child, 'exit')
  t.equal(status, 0)
  const entries = log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  t.match(
    entries.find(({ route }) => route === '/v1/candidates'),
    { code: '200', characters: 14 },
  )
  t.notMatch(log, /secret/, 'texts are not logged')
})
