/** A real redis-server on a loopback port, in a folder of its own. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'

/** Whether the program is installed: on Debian it is the package redis-server. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

export async function startRedis(folder) {
  mkdirSync(folder, { recursive: true })
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  let child
  const start = async () => {
    const settings = ['--port', port, '--bind', '127.0.0.1', '--dir', folder, '--save', '']
    const safe = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--maxmemory-policy', 'noeviction']
    child = spawn('redis-server', [...settings, ...safe].map(String), { stdio: 'ignore' })
    const redis = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: 200 })
    redis.on('error', () => {})
    await redis.ping()
    redis.disconnect()
  }
  const stop = async (signal = 'SIGTERM') => {
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }
  await start()
  return {
    url,
    stop,
    /** What it has written is read again. */
    async restart(signal) {
      await stop(signal)
      await sleep(300)
      await start()
    },
  }
}
