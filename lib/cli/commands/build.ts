/** Builds the addon from the sources in the package. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { packageFile } from '../../base/package_root.js'
import type { ForeignCommand } from '../command.js'

export const build: ForeignCommand = {
  args: '-- CMAKE_OPTION...',
  details:
    'It is needed where the package holds no binary for the platform, and for the backends that come from source. The ' +
    'build needs CMake 3.21 and a C++17 compiler; what is missing it takes from PyPI, if Python 3 with pip is there. ' +
    'Options behind -- go to CMake. The built addon is preferred to a prebuilt one.',
  examples: ['', '-- -DCLVP_BACKENDS=cuda'],
  flags: {},
  isTextOnly: true,
  async runAlone(argv) {
    const [dashes, ...settings] = argv
    if (dashes !== undefined && dashes !== '--') {
      process.stderr.write(
        `clvp: Expected only options for CMake behind -- but received '${dashes}'\nSee 'clvp build --help'.\n`,
      )
      return 2
    }
    const script = packageFile('scripts', 'build.mjs')
    const child = spawn(process.execPath, [script, '--', ...settings], { stdio: 'inherit' })
    const [status] = await once(child, 'exit')
    if (status === 0) process.stdout.write('The addon is built: clvp doctor shows it.\n')
    return status ?? 1
  },
}
