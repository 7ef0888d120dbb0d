/** What Windows' binaries ask of the system that they are loaded on, and what they show to it: read from the PE file, as no Windows' tools are at hand. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const machines = { 34404: 'x64', 43620: 'arm64' }
/** What each Windows 10 has, its C library included. */
const system =
  /^(kernel32|ntdll|advapi32|user32|shell32|ws2_32|bcrypt|api-ms-win-[\w-]+|ucrtbase|msvcrt)\.dll$/i

/** A PE file of 64 bits: its CPU, and the names of its libraries and of what it exports. */
export function readPe(bytes) {
  const u32 = (at) => bytes.readUInt32LE(at)
  const start = bytes.length < 64 || bytes.toString('latin1', 0, 2) !== 'MZ' ? -1 : u32(60)
  if (start < 0 || bytes.toString('latin1', start, start + 4) !== 'PE\0\0')
    throw new Error('it is no PE file')
  const optional = start + 24
  if (bytes.readUInt16LE(optional) !== 0x20b) throw new Error('it is no PE file of 64 bits')
  const firstSection = optional + bytes.readUInt16LE(start + 20)
  const sections = Array.from({ length: bytes.readUInt16LE(start + 6) }, (_, i) => {
    const at = firstSection + 40 * i
    return { address: u32(at + 12), size: u32(at + 16), offset: u32(at + 20) }
  })
  const offsetOf = (address) => {
    const section = sections.find((each) => address >= each.address && address < each.address + each.size)
    if (!section) throw new Error('its tables lie outside its sections')
    return address - section.address + section.offset
  }
  const text = (address) => {
    const at = offsetOf(address)
    return bytes.toString('latin1', at, bytes.indexOf(0, at))
  }
  const [exports, imports] = [u32(optional + 112), u32(optional + 120)]
  const found = { arch: machines[bytes.readUInt16LE(start + 4)], libraries: [], exported: [] }
  for (let at = imports && offsetOf(imports); imports && u32(at + 12) !== 0; at += 20) {
    found.libraries.push(text(u32(at + 12)))
  }
  if (exports) {
    const table = offsetOf(exports)
    const names = offsetOf(u32(table + 32))
    for (let i = 0; i < u32(table + 24); i++) found.exported.push(text(u32(names + 4 * i)))
  }
  return found
}

/** Prints a line for each binary of a target, and throws where one would not load on the systems that it is for. */
export function checkPe(folder, { name, arch }) {
  console.log(`${name}: prebuilds/${folder.split('/').pop()}`)
  const files = readdirSync(folder)
  if (!files.some((file) => file.endsWith('.node'))) throw new Error(`no addon in ${folder}`)
  for (const file of files) checkFile(join(folder, file), file, files, arch)
}

function checkFile(path, file, siblings, arch) {
  const wrong = (what) => {
    throw new Error(`${file} ${what}: a Windows that it is for could not load it`)
  }
  const bytes = readFileSync(path)
  const found = readPe(bytes)
  if (found.arch !== arch) wrong(`is for ${found.arch}, not for ${arch}`)
  const stranger = found.libraries.find((library) => !system.test(library) && !siblings.includes(library))
  if (stranger) wrong(`needs ${stranger}`)
  const shown = file.endsWith('.node') && found.exported.find((symbol) => !/^n(api|ode_api)_/.test(symbol))
  if (shown) wrong(`shows ${shown}, not Node's entries alone`)
  const size = `${(bytes.length / 1e6).toFixed(2)} MB`
  console.log(
    `  ${file.padEnd(36)} ${size.padStart(8)}  ${found.libraries.length} libraries needed, ${found.exported.length} exported`,
  )
}
