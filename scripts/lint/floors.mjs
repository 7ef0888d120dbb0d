#!/usr/bin/env node
/**
 * Holds the layering of docs/architecture.md: a file may import from its own room and from rooms on lower floors.
 * `node scripts/lint/floors.mjs [FOLDER]` prints a line for each violation, and ends with status 1 if there is one.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, resolve } from 'node:path'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'

/** The floor of each room. A file stands in the room with the longest matching path. */
const rooms = {
  'packages/batch/src': 9,
  'packages/server/src': 9,
  'lib/index.ts': 8,
  'lib/cli': 8,
  'lib/quality': 7,
  'lib/transformers': 7,
  'lib/speech': 7,
  'lib/batch': 7.6,
  'lib/batch/input': 7.6,
  'lib/clvp/benchmark.ts': 7.6,
  'lib/clvp/clvp.ts': 7.5, // the class has a method for each room below, speech included
  'lib/clvp': 6,
  'lib/loading': 5,
  'lib/session': 4,
  quantize: 4,
  'quantize/checkpoint': 4,
  'quantize/formats': 4,
  'lib/text': 3,
  'lib/audio': 3,
  'lib/config': 3,
  'lib/addon': 2,
  'lib/hub': 2,
  'lib/base': 1,

  'native/binding': 8,
  'native/src/api': 7,
  'native/include/clvp.h': 7,
  'native/src/generate': 6,
  'native/src/speech': 6,
  'native/src/model': 5,
  'native/src/runtime': 4,
  'native/src/gguf': 3,
  'native/src/kernels': 3,
  'native/src/audio': 2,
  'native/src/base': 1,
  'native/include/clvp': 0,
}

/** What a room may use of its own floor. */
const neighbours = {
  'lib/batch': ['lib/batch/input'],
  'lib/batch/input': ['lib/batch'],
  'native/src/api': ['native/include/clvp.h'],
  quantize: ['quantize/checkpoint', 'quantize/formats'],
  'quantize/checkpoint': ['quantize/formats'],
}

const sockets = /^node:(http|https|http2|net|tls|dgram)$|^(undici|ws)$/
/** What only some files may do: `files` may not have an import or code that matches. */
const bans = [
  {
    what: 'GGML, which is not for native/binding and base/',
    files: /^native\/(binding|src\/base)\//,
    imports: /^ggml/,
  },
  {
    what: 'Node-API, which is for native/binding alone',
    files: /^native\/src\//,
    imports: /^(napi|node_api|js_native_api)/,
  },
  { what: 'the core beside its public header', files: /^native\/binding\//, imports: /^native\/src\// },
  {
    what: 'sockets, which are for lib/hub alone',
    files: /^(lib(?!\/hub\/)|quantize)\/.*\.ts$/,
    imports: sockets,
    code: /\b(fetch|WebSocket)\b/,
  },
  {
    what: 'the inside of node-clvp, whose public surface is for packages',
    files: /^packages\//,
    imports: /^(lib|dist|quantize|native)\//,
  },
  {
    what: 'the native addon, which is for lib/addon alone',
    files: /^(?!lib\/addon\/).*\.ts$/,
    imports: /\.node$/,
    code: /\.node['"`]|\bdlopen\b|node-gyp-build/,
  },
]

const importing = {
  ts: /\b(?:from|import|require)\s*\(?\s*['"]([^'"]+)['"]/g,
  native: /^\s*#\s*include\s*["<]([^">]+)[">]/gm,
}
const comments = /\/\*[\s\S]*?\*\/|(?<!:)\/\/.*/g

const roomOf = (file) =>
  Object.keys(rooms).reduce((best, room) => {
    const isInside = file === room || file.startsWith(`${room}/`)
    return isInside && room.length > best.length ? room : best
  }, '')

/** The file of this repository that an import means, or its name as it stands if it is none. */
function target(root, file, name) {
  if (file.endsWith('.ts'))
    return name.startsWith('.') ? posix.join(dirname(file), name.replace(/\.js$/, '.ts')) : name
  const places = [posix.join(dirname(file), name), `native/src/${name}`, `native/include/${name}`]
  return places.find((place) => existsSync(join(root, place))) ?? name
}

function faultsOf(root, file) {
  const text = readFileSync(join(root, file), 'utf8').replace(comments, '')
  const pattern = file.endsWith('.ts') ? importing.ts : importing.native
  const imports = [...text.matchAll(pattern)].map(([, name]) => target(root, file, name))
  const banned = bans
    .filter(
      ({ files, imports: not, code }) =>
        files.test(file) && (imports.some((each) => not.test(each)) || code?.test(text)),
    )
    .map(({ what }) => `${file} uses ${what}`)
  const room = roomOf(file)
  if (!room) return [`${file} stands in no room`, ...banned]
  const upward = imports.filter((each) => {
    const other = roomOf(each)
    return other && other !== room && rooms[other] >= rooms[room] && !neighbours[room]?.includes(other)
  })
  const shown = (each) => `${each} (${roomOf(each)}, floor ${rooms[roomOf(each)]})`
  return [...upward.map((each) => `${shown(file)} imports ${shown(each)}`), ...banned]
}

const root = resolve(argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '../..'))
const files = ['packages', 'lib', 'quantize', 'native/src', 'native/binding', 'native/include']
  .filter((folder) => existsSync(join(root, folder)))
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((name) => posix.join(folder, name)),
  )
  .filter((file) => /\.(ts|h|c|cpp)$/.test(file) && !/\/(dist|node_modules)\//.test(file))
const faults = files.sort().flatMap((file) => faultsOf(root, file))
for (const fault of faults) console.error(fault)
process.exitCode = faults.length > 0 ? 1 : 0
