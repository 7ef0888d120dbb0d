/** CMake's settings for a target that zig compiles for. */
import { join } from 'node:path'
import { fromPypi } from '../toolchain.mjs'
import { zigPrograms } from '../zig.mjs'

export function zigToolchain({ name, zig, processor }) {
  return [
    '-DCMAKE_SYSTEM_NAME=Linux',
    `-DCMAKE_SYSTEM_PROCESSOR=${processor}`,
    ...zigPrograms(join(fromPypi('ziglang'), 'ziglang', 'zig'), name, zig),
    // What nobody looks up by name is left out of the binaries.
    '-DCMAKE_SHARED_LINKER_FLAGS=-Wl,--strip-all',
    '-DCMAKE_MODULE_LINKER_FLAGS=-Wl,--strip-all',
    '-DCMAKE_POLICY_DEFAULT_CMP0056=NEW',
  ]
}
