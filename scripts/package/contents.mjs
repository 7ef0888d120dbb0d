/** What may be in the tarball, what must be, and how large it may be. `tarball` is npm pack's own report. */
import { targets } from '../prebuild/targets.mjs'

const maxBytes = 25e6

const allowed = [
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|CONTRIBUTING\.md|SECURITY\.md|THIRD_PARTY_NOTICES\.md|CMakeLists\.txt)$/,
  /^dist\/(lib|quantize)\/.+\.(js|d\.ts)$/,
  /^dist\/lib\/index\.(cjs|d\.cts)$/,
  /^demo\/(demo\.gguf|voice\.wav)$/,
  /^docs\/([\w-]+|benchmarks\/[\w-]+)\.md$/,
  /^docs\/(benchmarks|demo-model)\/[\w-]+\.svg$/, // the pictures of README and of the pages
  /^native\/(include(\/clvp)?|src\/\w+|binding|patches)\/[\w.]+$/,
  /^quantize\/data\/(tortoise\.json|LICENSE)$/,
  /^prebuilds\/(linux|darwin|win32)-(x64|arm64)\/[\w.-]+\.(node|so|dylib|dll)$/,
  /^scripts\/(build|fetch|toolchain|zig)\.mjs$|^scripts\/(sources\.json|check_out\.py)$/,
  /^third_party\/ggml\/(\.version|CMakeLists\.txt|LICENSE|cmake\/|include\/|src\/)/,
  /^third_party\/(miniaudio|node-api)\/[\w.-]+$/,
]

const required = [
  'CONTRIBUTING.md',
  'LICENSE',
  'THIRD_PARTY_NOTICES.md',
  'demo/demo.gguf',
  'dist/lib/index.cjs',
  'dist/lib/index.d.cts',
  'docs/demo-model/candidates.svg', // README shows it
  'dist/lib/index.d.ts',
  'dist/lib/index.js',
  'quantize/data/LICENSE',
  'quantize/data/tortoise.json',
  'third_party/ggml/LICENSE',
  'third_party/ggml/src/ggml-cpu/ggml-cpu.cpp',
  'third_party/miniaudio/LICENSE',
  'third_party/miniaudio/miniaudio.h',
  'third_party/node-api/napi.h',
  'third_party/node-api/node_api.h',
]

/** The addons of all targets that a Linux host builds. */
const addons = Object.keys(targets)
  .filter((name) => name.startsWith('linux-'))
  .map((name) => name.split('-'))
  .map(([platform, arch, libc]) => `prebuilds/${platform}-${arch}/node-clvp.${libc}.node`)

/** Throws where the tarball holds what it should not, lacks what it should, or is too large. */
export function checkContents({ size, files }, { everyTarget }) {
  const paths = files.map((file) => file.path)
  const strange = paths.filter((path) => !allowed.some((pattern) => pattern.test(path)))
  if (strange.length > 0) throw new Error(`the tarball holds what it should not: ${strange.join(', ')}`)
  const missing = [...required, ...(everyTarget ? addons : [])].filter((path) => !paths.includes(path))
  if (missing.length > 0) {
    throw new Error(`the tarball lacks ${missing.join(', ')}: 'npm run prebuilds' makes the addons`)
  }
  if (size > maxBytes) throw new Error(`the tarball has ${size} bytes: expected at most ${maxBytes}`)
}

/** Unpacked sizes by folder, for people. */
export function bySize({ files }) {
  const sums = new Map()
  for (const { path, size } of files) {
    const folder = path
      .split('/')
      .slice(0, path.startsWith('prebuilds/') ? 2 : 1)
      .join('/')
    sums.set(folder, (sums.get(folder) ?? 0) + size)
  }
  const lines = [...sums].sort((a, b) => b[1] - a[1]).filter(([, bytes]) => bytes > 1e5)
  return lines
    .map(([folder, bytes]) => `  ${folder.padEnd(24)} ${(bytes / 1e6).toFixed(2).padStart(6)} MB`)
    .join('\n')
}
