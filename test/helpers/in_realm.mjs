/**
 * Loads the package into a `vm` context, as Jest and vitest's vmThreads do: its globals are another realm's than those of Node and of the
 * addon. Run with --experimental-vm-modules; prints what the calls gave, as JSON.
 */
import { readFileSync } from 'node:fs'
import { createRequire, isBuiltin } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { createContext, runInContext, SourceTextModule, SyntheticModule } from 'node:vm'

/** A fresh context has JavaScript's own globals; a test environment adds Node's. */
const context = createContext()
const language = new Set(runInContext('Object.getOwnPropertyNames(globalThis)', context))
for (const name of Object.getOwnPropertyNames(globalThis)) {
  if (!language.has(name)) context[name] = globalThis[name]
}
const modules = new Map()

/** A builtin module or a package, as Node itself loads it. */
async function outside(name) {
  const found = await import(name)
  const names = Object.keys(found)
  const module = new SyntheticModule(
    names,
    () => {
      for (const each of names) module.setExport(each, found[each])
    },
    { context, identifier: name },
  )
  return module
}

function load(name, from) {
  const isOurs = name.startsWith('.')
  const id = isOurs ? new URL(name, from).href : name
  if (!modules.has(id)) modules.set(id, isOurs ? Promise.resolve(inside(id)) : outside(foreign(name, from)))
  return modules.get(id)
}

const foreign = (name, from) =>
  isBuiltin(name) ? name : pathToFileURL(createRequire(from).resolve(name, { paths: [dirname(fileURLToPath(from))] })).href

function inside(url) {
  return new SourceTextModule(readFileSync(new URL(url), 'utf8'), {
    context,
    identifier: url,
    initializeImportMeta: (meta) => {
      meta.url = url
    },
    importModuleDynamically: async (name) => evaluated(await load(name, url)),
  })
}

async function evaluated(module) {
  if (module.status === 'unlinked') await module.link((name, referrer) => load(name, referrer.identifier))
  await module.evaluate()
  return module
}

const root = new URL('../../', import.meta.url)
const index = (await evaluated(await load('./dist/lib/index.js', root.href))).namespace
const test = inside(new URL('in_realm_calls.mjs', import.meta.url).href)
await test.link((name, referrer) => load(name, referrer.identifier))
await test.evaluate()
console.log(JSON.stringify({ isOther: !(new index.ClvpError('CLVP_IO', '') instanceof Error), ...(await test.namespace.calls(index)) }))
