/** What a Mac's binaries ask of the system that they are loaded on, and what they show to it: read from the Mach-O file, as no Mac's tools are at hand. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const newestMacOs = '11.0' // the oldest that runs on Macs with Arm
const cpuTypes = { 16777223: 'x64', 16777228: 'arm64' }
const fileTypes = { 6: 'dylib', 8: 'bundle' }
const twoLevel = 0x80 // each symbol is looked for in the library that it was linked with, and not in all of them
const commands = { symbols: 0x02, library: 0x0c, oldVersion: 0x24, signature: 0x1d, build: 0x32 }
const lookedUpAtLoad = 0xfe // the place of a library among those of a symbol: any of the process
const system = /^\/usr\/lib\/|^\/System\/Library\//

/** A Mach-O file of 64 bits: its CPU, kind, libraries, symbols, oldest macOS, and whether it is signed. */
export function readMachO(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const u32 = (at) => view.getUint32(at, true)
  if (bytes.length < 32 || u32(0) !== 0xfeedfacf) throw new Error('it is no Mach-O file of 64 bits')
  const text = (at) => bytes.toString('utf8', at, bytes.indexOf(0, at))
  const version = (packed) => `${packed >>> 16}.${(packed >>> 8) & 0xff}`
  const found = {
    arch: cpuTypes[u32(4)],
    kind: fileTypes[u32(12)],
    isTwoLevel: (u32(24) & twoLevel) !== 0,
    libraries: [],
    exported: [],
    fromProcess: [],
    isSigned: false,
  }
  for (let i = 0, at = 32; i < u32(16); i++, at += u32(at + 4)) {
    const command = u32(at) & 0x7fffffff
    if (command === commands.library) found.libraries.push(text(at + u32(at + 8)))
    if (command === commands.oldVersion) found.macOs = version(u32(at + 8))
    if (command === commands.build) found.macOs = version(u32(at + 12))
    if (command === commands.signature) found.isSigned = true
    if (command === commands.symbols) readSymbols(u32(at + 8), u32(at + 12), u32(at + 16))
  }
  return found

  function readSymbols(at, n, names) {
    for (let i = 0; i < n; i++, at += 16) {
      const type = bytes[at + 4]
      if ((type & 0xe0) !== 0 || (type & 0x11) !== 0x01) continue // of a debugger, or private
      const name = text(names + u32(at)).replace(/^_/, '')
      if ((type & 0x0e) !== 0) found.exported.push(name)
      else if (view.getUint16(at + 6, true) >> 8 === lookedUpAtLoad) found.fromProcess.push(name)
    }
  }
}

const isOlder = (a, b) =>
  a
    .split('.')
    .map(Number)
    .reduce((sum, part, i) => sum || part - Number(b.split('.')[i]), 0) < 0

/** Prints a line for each binary of a target, and throws where one would not load on the systems that it is for. */
export function checkMachO(folder, { name, arch }) {
  console.log(`${name}: prebuilds/${folder.split('/').pop()}`)
  const files = readdirSync(folder)
  if (!files.some((file) => file.endsWith('.node'))) throw new Error(`no addon in ${folder}`)
  for (const file of files) checkFile(join(folder, file), file, arch)
}

function checkFile(path, file, arch) {
  const wrong = (what) => {
    throw new Error(`${file} ${what}: a Mac that it is for could not load it`)
  }
  const bytes = readFileSync(path)
  const found = readMachO(bytes)
  if (found.arch !== arch) wrong(`is for ${found.arch}, not for ${arch}`)
  if (!found.kind) wrong('is no library')
  if (!found.isTwoLevel) wrong('looks for its symbols in all libraries')
  if (!found.macOs || isOlder(newestMacOs, found.macOs)) wrong(`needs macOS ${found.macOs}`)
  if (arch === 'arm64' && !found.isSigned) wrong('is not signed')
  const stranger = found.libraries.find((library) => !system.test(library))
  if (stranger) wrong(`needs ${stranger}`)
  const wanted = found.fromProcess.find((symbol) => !/^n(api|ode_api)_/.test(symbol))
  if (wanted) wrong(`asks the process for ${wanted}`)
  const shown = found.exported.find((symbol) => !/^n(api|ode_api)_/.test(symbol))
  if (shown) wrong(`shows ${shown}, not Node's entries alone`)
  const size = `${(bytes.length / 1e6).toFixed(2)} MB`
  const signed = found.isSigned ? 'signed' : 'not signed'
  console.log(
    `  ${file.padEnd(36)} ${size.padStart(8)}  macOS ${found.macOs}, ${signed}, ${found.exported.length} exported, ${found.fromProcess.length} from Node`,
  )
}
