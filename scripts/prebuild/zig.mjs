/** CMake's settings for a target that zig compiles for. */
import { join } from 'node:path'
import { fromPypi } from '../toolchain.mjs'
import { zigPrograms } from '../zig.mjs'

/** What is special to each system. */
const systems = {
  linux: {
    name: 'Linux',
    settings: [
      // What nobody looks up by name is left out of the binaries.
      '-DCMAKE_SHARED_LINKER_FLAGS=-Wl,--strip-all',
      '-DCMAKE_MODULE_LINKER_FLAGS=-Wl,--strip-all',
    ],
  },
  win32: {
    name: 'Windows',
    settings: ['-DCMAKE_SHARED_LINKER_FLAGS=-s', '-DCMAKE_MODULE_LINKER_FLAGS=-s'],
  },
}

export function zigToolchain({ name, platform, zig, processor }) {
  const system = systems[platform]
  return [
    `-DCMAKE_SYSTEM_NAME=${system.name}`,
    `-DCMAKE_SYSTEM_PROCESSOR=${processor}`,
    ...zigPrograms(join(fromPypi('ziglang'), 'ziglang', 'zig'), name, zig),
    ...system.settings,
    '-DCMAKE_POLICY_DEFAULT_CMP0056=NEW',
  ]
}
