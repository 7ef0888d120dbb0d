/** `clvp cache`: the converted models that loads of folders and hub ids have left on this machine. */
import { type CacheEntry, cacheEntries, removeEntry } from '../../loading/cache_entries.js'
import { type Arguments, type Command, UsageError } from '../command.js'
import { megabytes, table } from '../table.js'

const DAY_MS = 24 * 3600_000

export const list: Command = {
  args: '',
  details:
    "Checkpoint folders and models of the hub are converted once and kept in CLVP_CACHE, or in node-clvp in the system's cache folder. What is fetched from the hub lies in the hub's own cache: 'hf cache' lists it.",
  examples: [''],
  flags: {},
  async run() {
    const { folder, entries } = await cacheEntries()
    const heading = `${folder}: ${count(entries)}`
    return {
      text: entries.length > 0 ? `${heading}\n\n${tableOf(entries)}` : heading,
      json: { folder, entries },
    }
  },
}

export const prune: Command = {
  args: '',
  details:
    'Removes models whose folder or snapshot has changed or is gone, models of other versions of node-clvp, and what interrupted conversions have left. A removed model is converted again when it is needed. Do not remove a model that a program uses.',
  examples: ['--unused-days 30 --dry-run'],
  flags: {
    Run: {
      'unused-days': { value: 'N', help: 'also models that were not loaded for N days' },
      all: { help: 'all models' },
      'dry-run': { help: 'remove nothing, and print what would be removed' },
    },
  },
  async run(args) {
    const isDry = args.flag('dry-run')
    const { folder, entries } = await cacheEntries()
    const chosen = choose(args, entries)
    const left: CacheEntry[] = []
    for (const entry of isDry ? [] : chosen) if (!(await removeEntry(entry))) left.push(entry)
    const removed = chosen.filter((entry) => !left.includes(entry))
    const said = `${folder}: ${count(removed)} ${isDry ? 'would be removed' : 'removed'}`
    return {
      text: removed.length > 0 ? `${said}\n\n${tableOf(removed)}` : said,
      json: { folder, removed, isDry },
      status: left.length > 0 ? 1 : 0,
      warnings: left.map(({ path }) => `${path} could not be removed: check who may write to its folder`),
    }
  },
}

function choose(args: Arguments, entries: readonly CacheEntry[]): CacheEntry[] {
  const days = args.number('unused-days')
  if (days !== undefined && !(days >= 0)) {
    throw new UsageError(`--unused-days takes a number of at least 0, not '${args.text('unused-days')}'`)
  }
  const oldest = days === undefined ? Number.NEGATIVE_INFINITY : Date.now() - days * DAY_MS
  return entries.flatMap((entry): CacheEntry[] => {
    if (entry.reason !== undefined) return [entry]
    if (entry.type === undefined) return [] // a conversion that is under way
    if (args.flag('all')) return [{ ...entry, reason: 'all were asked for' }]
    return entry.usedMs < oldest ? [{ ...entry, reason: `it was not used for ${days} days` }] : []
  })
}

function count(entries: readonly CacheEntry[]): string {
  const bytes = entries.reduce((sum, each) => sum + each.bytes, 0)
  return `${entries.length} ${entries.length === 1 ? 'file' : 'files'}, ${megabytes(bytes)}`
}

function tableOf(entries: readonly CacheEntry[]): string {
  const rows = entries.map(({ path, type, bytes, source, usedMs, reason }) => [
    new Date(usedMs).toISOString().slice(0, 16).replace('T', ' '),
    megabytes(bytes),
    type ?? '',
    source ?? '',
    path.replace(/^.*[/\\]/, ''),
    reason ?? '',
  ])
  return table([['last used', 'size', 'type', 'made of', 'file', 'can go because'], ...rows])
}
