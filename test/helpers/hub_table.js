/** Pulls against a hub that does wrong, one for each row of a table, and once more against it when it does right. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { fetchSnapshot } from '../../dist/lib/hub/snapshot.js'
import { readRecipe, writeCheckpoint } from './checkpoint.js'
import { checkCache, repoFolder } from './hub_cache.js'
import { commitOf, etagOf, filesOf, startHub } from './hub_server.js'

const commit = commitOf('first')

/** The files that all rows are about, and their sizes. */
export function makeCheckpoint(dir) {
  const files = filesOf(writeCheckpoint(readRecipe('plain'), join(dir, 'plain')))
  const size = files['model.safetensors'].length
  const total = Object.values(files).reduce((sum, { length }) => sum + length, 0)
  return { dir, files, size, total }
}

/** What goes wrong for the first `times` requests of a kind, with the weights unless told otherwise. */
export const first = (times, kind, fault, name = 'model.safetensors') => {
  return (request) => {
    const isIt = request.kind === kind && (kind === 'api' || request.name === name)
    return isIt && request.count < times ? fault : undefined
  }
}
export const always = (kind, fault, name) => first(Infinity, kind, fault, name)

/**
 * Rows of `title` and `fault`, as startHub has it. `fails`: the message of the CLVP_IO that it ends with; absent where it succeeds
 * all the same. `most`: bytes of files that may be sent for it. `least`: milliseconds that it must take. `left`: 0 where nothing of
 * the weights is kept for the next pull. `seconds`: how long the hub may be silent.
 *
 * Faults that last take some twenty seconds to be believed. So all rows run at once, each with a repository of its own.
 */
export async function runTable(t, table, { dir, files, size, total, seconds }) {
  const idOf = (i) => `owner/row-${i}`
  const repo = { revisions: { main: commit }, commits: { [commit]: files } }
  const hub = await startHub(t, Object.fromEntries(table.map((_, i) => [idOf(i), repo])))
  const clean = new Set()
  hub.fault = (request) => {
    return clean.has(request.id) ? undefined : table[Number(request.id.split('-')[1])].fault(request)
  }
  const cache = join(dir, 'hub')
  const limit = String(seconds)
  Object.assign(process.env, { HF_HOME: dir, HF_ENDPOINT: hub.endpoint })
  Object.assign(process.env, { HF_HUB_ETAG_TIMEOUT: limit, HF_HUB_DOWNLOAD_TIMEOUT: limit })

  async function run(t, { title, fails, most = Infinity, least, left }, id) {
    const started = performance.now()
    const result = await fetchSnapshot(id, { revision: 'main' }).catch((error) => error)
    const took = performance.now() - started
    if (least !== undefined) t.ok(took >= least, `it waited ${Math.round(took)} ms`)
    const { whole, parts } = checkCache(t, cache, id, { [commit]: files }, title)
    const sizes = parts.map((name) => statSync(join(repoFolder(cache, id), 'blobs', name)).size)
    t.ok(sizes.length <= (left ?? 1), 'one part at most')
    if (fails) t.match(result, { code: 'CLVP_IO', ...(fails !== true && { message: fails }) }, title)
    else t.match(result, { commit }, title)
    const before = hub.served(id)
    t.ok(before <= most, `${before} of at most ${most} bytes`)

    clean.add(id)
    const asked = hub.requests.length
    const again = await fetchSnapshot(id, { revision: 'main' })
    t.same(checkCache(t, cache, id, { [commit]: files }, 'afterwards').parts, [], 'no part is left')
    t.equal(again.commit, commit)
    const there = Object.entries(files).filter(([name, bytes]) => whole.includes(etagOf(name, bytes)))
    const missing = total - there.reduce((sum, [, { length }]) => sum + length, 0)
    const [part = 0] = sizes
    t.equal(hub.served(id) - before, missing - part, 'what was there is not fetched again')
    const sent = hub.requests.slice(asked).filter((each) => each.id === id && each.start > 0)
    t.match(sent, part > 0 && part < size ? [{ start: part }] : [], 'it goes on where it was')
  }

  t.jobs = table.length
  for (const [i, each] of table.entries())
    t.test(each.title, { buffered: true }, (t) => run(t, each, idOf(i)))
}
