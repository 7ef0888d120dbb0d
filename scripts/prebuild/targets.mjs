/**
 * What the package has binaries for. On Linux zig compiles for Linux and Windows: one compiler, its own C++ library inside the
 * binaries, and the C library of the age that is asked for. Elsewhere the host's own compiler does.
 */
const x64 = ['sse42', 'haswell', 'skylakex', 'zen4'] // x86-64-v2, AVX2, AVX-512, AVX-512 with VNNI and BF16
const arm64 = ['armv8.0_1', 'armv8.2_2'] // any, with dot products and arithmetic in halves

export const targets = {
  'linux-x64-glibc': { zig: 'x86_64-linux-gnu.2.28', processor: 'x86_64', variants: x64 },
  'linux-x64-musl': { zig: 'x86_64-linux-musl', processor: 'x86_64', variants: ['sse42', 'haswell'] },
  'linux-arm64-glibc': { zig: 'aarch64-linux-gnu.2.28', processor: 'aarch64', variants: arm64 },
  'darwin-arm64': {},
  'darwin-x64': {},
  'win32-x64': { zig: 'x86_64-windows-gnu', processor: 'AMD64', variants: x64 },
}

/** A target's parts by its name; throws on a name that is none. */
export function target(name) {
  const found = targets[name]
  if (!found)
    throw new Error(
      `Expected one of ${Object.keys(targets).join(', ')} for a target but received ${name}: name one of them`,
    )
  const [platform, arch, libc] = name.split('-')
  return { name, platform, arch, libc, ...found }
}

/** The targets that this host can build. */
export function buildable() {
  if (process.platform === 'linux') return Object.keys(targets).filter((name) => targets[name].zig)
  return [`${process.platform}-${process.arch}`]
}
