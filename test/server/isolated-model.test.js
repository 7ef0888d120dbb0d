// A model in a process of its own that is killed, or stopped: the server goes on, tells, and keeps its time limits.
import { execFileSync } from 'node:child_process'
import t from 'tap'
import { tinyFile } from '../helpers/model.js'
import { events, failure, post, running, startServer, until } from '../helpers/server.js'

const file = await tinyFile()
const draw = { input: 'Hello.', voice: 'demo', candidates: 1 }

/** The processes of models that this one has started. */
function children() {
  const list = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' })
  const lines = list.split('\n').filter((line) => line.includes('remote_process'))
  return lines.map((line) => Number.parseInt(line, 10))
}

/** A server whose model has been stopped in the midst of requests, and can go on. */
async function stopped(t, count, ...argv) {
  const server = await startServer(t, file, '--threads', '1', '--isolate', ...argv)
  const [child] = children()
  await post(server, '/v1/candidates', draw) // the voice is made
  process.kill(child, 'SIGSTOP')
  t.teardown(() => children().includes(child) && process.kill(child, 'SIGCONT'))
  const answers = Array.from({ length: count }, (_, i) =>
    post(server, '/v1/candidates', { ...draw, stream: i % 2 === 1 }),
  )
  await running(server, count)
  return { server, child, answers }
}

t.test('isolated', { skip: process.platform !== 'linux' && 'asks ps' }, async (t) => {
  await t.test('killed: what ran fails, what follows gets a new process', async (t) => {
    const { server, child, answers } = await stopped(t, 2)
    process.kill(child, 'SIGKILL')
    for (const answer of await Promise.all(answers)) {
      if (answer.status === 200) t.match((await events(answer)).at(-1), { error: { code: 'model_lost' } })
      else t.match(await failure(answer), { status: 503, code: 'model_lost' })
    }
    t.equal((await post(server, '/v1/candidates', draw)).status, 200)
    t.notOk(children().includes(child))
  })

  await t.test('stopped: the server is not ready until it goes on', async (t) => {
    const { server, child, answers } = await stopped(t, 1, '--stall-seconds', '1')
    t.equal((await fetch(`${server.url}/ready`)).status, 200, 'not at once')
    const ready = () => fetch(`${server.url}/ready`)
    const answer = await until(ready, ({ status }) => status !== 200)
    t.match(await failure(answer), { status: 503, code: 'stalled' })
    t.equal((await fetch(`${server.url}/health`)).status, 200)
    process.kill(child, 'SIGCONT')
    t.equal((await answers[0]).status, 200)
    t.equal((await ready()).status, 200)
  })

  await t.test('stopped for too long: the time limit ends the request', async (t) => {
    const { server, child, answers } = await stopped(t, 1, '--job-seconds', '1')
    const answer = await answers[0]
    t.equal(answer.headers.get('x-should-retry'), 'false')
    t.match(await failure(answer), { status: 504, code: 'too_slow' })
    process.kill(child, 'SIGCONT')
    t.equal((await post(server, '/v1/candidates', draw)).status, 200)
  })
})
