/** A server that speaks S3's protocol on a loopback port: moto, in a virtual environment of its own. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from './redis.js'

const root = fileURLToPath(new URL('../../../..', import.meta.url))
const folder = process.env.CLVP_S3_VENV ?? join(root, '.cache', 's3-server')
const program = join(folder, 'bin', 'moto_server')
const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url))

/** Installs the server once. False if that is not possible here. */
export function hasS3() {
  if (existsSync(program)) return true
  const run = (file, ...args) => spawnSync(file, args, { stdio: 'ignore' }).status === 0
  return (
    run('python3', '-m', 'venv', folder) &&
    run(join(folder, 'bin', 'pip'), 'install', '--quiet', '-r', requirements)
  )
}

export async function startS3() {
  const port = await freePort()
  const child = spawn(program, ['--host', '127.0.0.1', '--port', String(port)], { stdio: 'ignore' })
  const endpoint = `http://127.0.0.1:${port}`
  for (let i = 0; i < 600; i++) {
    if (
      await fetch(endpoint).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      break
    await sleep(100)
  }
  return {
    environment: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_REGION: 'us-east-1',
    },
    async makeBucket(name) {
      const { status } = await fetch(`${endpoint}/${name}`, {
        method: 'PUT',
        headers: { authorization: 'AWS test:x' },
      })
      if (status !== 200) throw new Error(`the bucket was not made: ${status}`)
    },
    async stop() {
      const ended = once(child, 'exit')
      child.kill()
      await ended
    },
  }
}
