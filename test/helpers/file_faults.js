/** Lets the Nth of Node's file calls fail: of those that this process makes through node:fs/promises, handles included. */
import fsPromises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { fileURLToPath } from 'node:url'

const real = { ...fsPromises }
const handle = await real.open(fileURLToPath(import.meta.url))
const handles = Object.getPrototypeOf(handle)
await handle.close()
const realOfHandles = {}

/** What may fail: functions, and methods of handles. A handle's close() closes, and then says that it failed. */
const functions = [
  ...['open', 'stat', 'readFile', 'readdir', 'realpath', 'statfs'],
  ...['mkdir', 'rename', 'rm', 'symlink', 'copyFile', 'utimes'],
]
const methods = ['read', 'write', 'writeFile', 'sync', 'truncate', 'stat', 'close']

/** Ways to fail: an operation, and what comes of it. */
export const faults = [
  ...functions.map((name) => ({ name, code: 'EIO' })),
  ...['stat', 'readdir', 'open', 'mkdir'].map((name) => ({ name, code: 'EACCES' })),
  ...['symlink', 'rename'].map((name) => ({ name, code: 'EPERM' })),
  ...methods.map((name) => ({ name: `handle.${name}`, code: 'EIO' })),
  ...['write', 'writeFile', 'sync'].map((name) => ({ name: `handle.${name}`, code: 'ENOSPC' })),
  ...['read', 'write'].map((name) => ({ name: `handle.${name}`, half: true })),
]

let armed

function strikes(name) {
  return armed?.name === name && ++armed.count === armed.n
}

function failure({ code }, name) {
  return Object.assign(new Error(`${code}: injected, ${name}`), { code, syscall: name })
}

for (const name of functions) {
  fsPromises[name] = async (...args) => {
    if (strikes(name)) throw failure(armed, name)
    return real[name](...args)
  }
}
for (const name of methods) {
  realOfHandles[name] = handles[name]
  handles[name] = async function (...args) {
    if (!strikes(`handle.${name}`)) return realOfHandles[name].apply(this, args)
    if (armed.half) return realOfHandles[name].call(this, args[0], args[1], Math.ceil(args[2] / 2), args[3])
    if (name === 'close') await realOfHandles.close.call(this)
    throw failure(armed, `handle.${name}`)
  }
}
syncBuiltinESMExports()

/**
 * Runs something while the Nth call of one kind fails.
 *
 * @returns what it gave or threw, and whether the fault struck
 */
export async function withFault(fault, n, run) {
  armed = { ...fault, n, count: 0 }
  try {
    const outcome = await run().then(
      (result) => ({ result }),
      (error) => ({ error }),
    )
    return { ...outcome, struck: armed.count >= n }
  } finally {
    armed = undefined
  }
}
