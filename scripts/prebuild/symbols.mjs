/** What binaries ask of the system that they are loaded on, and what they show to it. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { output } from './tools.mjs'

/** Node 20's own binaries need this one. */
const newestGlibc = [2, 28]
const machines = { x64: 'X86-64', arm64: 'AArch64' }
const system = /^(lib(c|m|dl|pthread|rt)\.so(\.\d+)?|ld-linux.*|libc\.musl.*)$/

/** The symbols of a binary's dynamic table: name, version (such as GLIBC_2.17), whether it is defined there. */
function symbols(file) {
  return output('readelf', ['--dyn-syms', '-W', file])
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => /^\d+:$/.test(fields[0]) && fields.length >= 8)
    .map(([, , , , , , section, symbol]) => {
      const [name, version = ''] = symbol.split(/@+/)
      return { name, version, defined: section !== 'UND' }
    })
}

/** The libraries that a binary asks for. */
export function neededLibraries(file) {
  return [...output('readelf', ['-d', file]).matchAll(/\(NEEDED\).*\[(.*)\]/g)].map((match) => match[1])
}

/** The newest glibc that a binary's symbols need, such as [2, 28]; undefined if none. */
export function newestGlibcOf(file) {
  return symbols(file)
    .filter((symbol) => !symbol.defined)
    .map(({ version }) => /^GLIBC_(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number))
    .filter(Boolean)
    .sort((a, b) => a[0] - b[0] || a[1] - b[1])
    .pop()
}

/** What a binary shows to others. */
export function exportedNames(file) {
  return symbols(file)
    .filter((symbol) => symbol.defined)
    .map((symbol) => symbol.name)
}

/** Prints a line for each binary of a target, and throws where one would not load on the systems that it is for. */
export function checkSymbols(folder, { name, arch, libc }) {
  console.log(`${name}: prebuilds/${folder.split('/').pop()}`)
  const files = readdirSync(folder).filter((file) => file.split(/[.-]/).includes(libc))
  if (!files.some((file) => file.endsWith('.node'))) throw new Error(`no addon in ${folder}`)
  for (const file of files) checkFile(join(folder, file), file, files, arch)
}

function checkFile(path, file, siblings, arch) {
  const wrong = (what) => {
    throw new Error(`${file} ${what}: a system that it is for could not load it`)
  }
  if (!output('readelf', ['-h', path]).includes(machines[arch])) wrong(`is not for ${arch}`)
  const stranger = neededLibraries(path).find(
    (library) => !system.test(library) && !siblings.includes(library),
  )
  if (stranger) wrong(`needs ${stranger}`)
  const glibc = newestGlibcOf(path)
  if (glibc && (glibc[0] > newestGlibc[0] || glibc[1] > newestGlibc[1]))
    wrong(`needs glibc ${glibc.join('.')}`)
  const exported = exportedNames(path)
  if (file.endsWith('.node') && exported.some((symbol) => !symbol.startsWith('n'))) {
    wrong(`shows ${exported.join(', ')}, not Node's entries alone`)
  }
  const size = `${(statSync(path).size / 1e6).toFixed(2)} MB`
  console.log(
    `  ${file.padEnd(36)} ${size.padStart(8)}  newest symbol ${glibc ? `glibc ${glibc.join('.')}` : 'none of glibc'}, ${exported.length} exported`,
  )
}
