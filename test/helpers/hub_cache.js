/** What lies in a hub's cache on this machine, and whether any of it is damaged. */
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { etagOf, gitHash, sha256 } from './hub_server.js'

export const repoFolder = (cache, id) => join(cache, `models--${id.replace('/', '--')}`)

const list = (folder) => (existsSync(folder) ? readdirSync(folder) : [])

export function blobsOf(cache, id) {
  const folder = join(repoFolder(cache, id), 'blobs')
  const names = list(folder)
  return {
    whole: names.filter((name) => !name.endsWith('.incomplete')),
    parts: names.filter((name) => name.endsWith('.incomplete')),
  }
}

/** Every file that has its final name holds what it must; nothing lies about but blobs and resumable parts. */
export function checkCache(t, cache, id, commits, message) {
  const folder = repoFolder(cache, id)
  const { whole, parts } = blobsOf(cache, id)
  const bad = whole.filter((name) => {
    const bytes = readFileSync(join(folder, 'blobs', name))
    return name !== (name.length === 40 ? gitHash(bytes) : sha256(bytes))
  })
  for (const commit of list(join(folder, 'snapshots'))) {
    for (const name of list(join(folder, 'snapshots', commit))) {
      const path = join(folder, 'snapshots', commit, name)
      const real = commits[commit]?.[name]
      if (!real || !existsSync(path) || etagOf(name, readFileSync(path)) !== etagOf(name, real))
        bad.push(name)
      if (lstatSync(path).isDirectory()) bad.push(name)
    }
  }
  t.same(bad, [], `${message}: nothing damaged`)
  return { whole, parts }
}
