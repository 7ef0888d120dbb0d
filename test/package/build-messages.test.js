// A machine without build tools gets them from PyPI, or hears in one message what it lacks and what to do.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const root = fileURLToPath(new URL('../..', import.meta.url))
const sources = JSON.parse(readFileSync(join(root, 'scripts', 'sources.json'), 'utf8'))
const skip = process.platform === 'win32' && 'the programs here are shell scripts'

/** Prints a version, and for a build leaves an addon where CMake would. */
const cmake = `#!/bin/sh
echo "$@" >> "$CLVP_LOG"
if [ "$1" = --version ]; then echo 'cmake version 3.25.1'; fi
if [ "$1" = --build ]; then mkdir -p "$2/Release"; echo addon > "$2/Release/clvp.node"; fi
`
const stubs = {
  cmake,
  'c++': '#!/bin/sh\necho "c++ 12.2.0"\n',
  ninja: '#!/bin/sh\necho 1.11.1\n',
  'old-cmake': '#!/bin/sh\necho "cmake version 3.18.4"\n',
  // "Installs" the programs that the wheels have.
  python3: `#!/bin/sh
case " $* " in *" --version "*) exit 0 ;; esac
while [ "$1" != --target ]; do shift; done
case $3 in
  cmake==*) mkdir -p "$2/cmake/data/bin"; cp "$CLVP_STUBS/cmake" "$2/cmake/data/bin/cmake" ;;
  ninja==*) mkdir -p "$2/bin"; cp "$CLVP_STUBS/ninja" "$2/bin/ninja" ;;
  ziglang==*) mkdir -p "$2/ziglang" ;;
esac
`,
  'failing-pip': `#!/bin/sh
case " $* " in *" --version "*) exit 0 ;; esac
echo 'ERROR: No matching distribution found' >&2
exit 1
`,
}

/** A copy of the build's scripts, with what they fetch already there; runs them with only the named programs on the PATH. */
function makeMachine(t, programs) {
  const folder = t.testdir({ bin: {}, stubs: {}, home: {} })
  for (const name of ['build.mjs', 'fetch.mjs', 'toolchain.mjs', 'zig.mjs', 'sources.json'])
    cpSync(join(root, 'scripts', name), join(folder, 'scripts', name))
  for (const [name, { version }] of Object.entries({ ...sources, 'node-api': { version: 'any' } })) {
    if (!version) continue
    mkdirSync(join(folder, 'third_party', name), { recursive: true })
    writeFileSync(join(folder, 'third_party', name, '.version'), `${version}\n`)
  }
  const write = (path, text) => writeFileSync(path, text, { mode: 0o755 })
  for (const [name, text] of Object.entries(stubs)) write(join(folder, 'stubs', name), text)
  for (const [name, stub] of Object.entries(programs)) write(join(folder, 'bin', name), stubs[stub])
  // What the stubs themselves use.
  for (const name of ['sh', 'mkdir', 'cp']) {
    const path = [`/bin/${name}`, `/usr/bin/${name}`].find(existsSync)
    symlinkSync(path, join(folder, 'bin', name))
  }
  return {
    folder,
    log: () => readFileSync(join(folder, 'log'), 'utf8'),
    build(more = {}) {
      const { status, stderr } = spawnSync(process.execPath, ['scripts/build.mjs'], {
        cwd: folder,
        env: {
          PATH: join(folder, 'bin'),
          HOME: join(folder, 'home'),
          CLVP_LOG: join(folder, 'log'),
          CLVP_STUBS: join(folder, 'stubs'),
          ...more,
        },
        encoding: 'utf8',
      })
      return { status, lines: stderr.trim().split('\n').filter(Boolean) }
    },
  }
}

const whole = { cmake: 'cmake', ninja: 'ninja', 'c++': 'c++' }

t.test('a machine that has all', { skip }, async (t) => {
  const machine = makeMachine(t, whole)
  t.same(machine.build(), { status: 0, lines: [] })
  t.equal(readFileSync(join(machine.folder, 'build/Release/clvp.node'), 'utf8'), 'addon\n')
  t.match(machine.log(), /-G Ninja .*-DCLVP_ADDON=ON/)
  t.notMatch(machine.log(), /CMAKE_C_COMPILER/)
})

for (const [what, programs, message] of [
  ['no CMake', { ninja: 'ninja', 'c++': 'c++' }, /needs CMake 3\.21 or newer, which this system lacks/],
  ['an old CMake', { ...whole, cmake: 'old-cmake' }, /needs CMake 3\.21 or newer, which/],
  ['no compiler', { cmake: 'cmake', ninja: 'ninja' }, /needs a C\+\+17 compiler, which this system lacks/],
  ['nothing', {}, /needs CMake 3\.21 or newer and ninja or make and a C\+\+17 compiler, which/],
]) {
  t.test(`${what}, and no Python`, { skip }, async (t) => {
    const { status, lines } = makeMachine(t, programs).build()
    t.equal(status, 1)
    t.equal(lines.length, 1)
    t.match(lines[0], message)
    t.match(lines[0], /install it, e\.g\. by .*(apt|brew) install/)
    if (process.platform === 'linux') t.match(lines[0], /or install Python 3 with pip .* without root/)
  })
}

t.test(
  'nothing but Python',
  { skip: skip || (process.platform !== 'linux' && 'zig is for Linux') },
  async (t) => {
    const machine = makeMachine(t, { python3: 'python3' })
    const { status, lines } = machine.build()
    t.equal(status, 0)
    t.equal(lines.length, 1)
    const { cmake, ninja, ziglang } = sources.tools
    t.match(lines[0], `taking cmake ${cmake}, ninja ${ninja}, ziglang ${ziglang} from PyPI into`)
    t.ok(existsSync(join(machine.folder, 'build/Release/clvp.node')))
    const cxx = join(machine.folder, '.cache/zig/host/clang++')
    t.match(machine.log(), `-DCMAKE_CXX_COMPILER=${cxx}`)
    t.match(readFileSync(cxx, 'utf8'), `ziglang-${ziglang}/ziglang/zig' c++ "$@"`)
    t.same(machine.build(), { status: 0, lines: [] }, 'the second build takes nothing')
  },
)

t.test('a Python whose pip reaches nothing', { skip }, async (t) => {
  const { status, lines } = makeMachine(t, { ...whole, cmake: 'old-cmake', python3: 'failing-pip' }).build()
  t.equal(status, 1)
  t.match(lines.at(-1), /pip could not install cmake .*No matching distribution/)
  t.match(lines.at(-1), /install it, e\.g\. by/)
})

t.test('a GGML_SOURCE_DIR without GGML', { skip }, async (t) => {
  const { status, lines } = makeMachine(t, whole).build({ GGML_SOURCE_DIR: join(root, 'lib') })
  t.equal(status, 1)
  t.match(lines.at(-1), /GGML_SOURCE_DIR.*no CMakeLists.txt/)
})

t.test('clvp build', { skip }, async (t) => {
  const machine = makeMachine(t, whole)
  for (const name of ['dist', 'package.json'])
    cpSync(join(root, name), join(machine.folder, name), { recursive: true })
  // What users have: none of the packages that only a checkout needs.
  mkdirSync(join(machine.folder, 'node_modules'))
  for (const name of Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).dependencies))
    symlinkSync(join(root, 'node_modules', name), join(machine.folder, 'node_modules', name))
  const clvp = (...args) =>
    spawnSync(process.execPath, [join(machine.folder, 'dist/lib/cli/main.js'), 'build', ...args], {
      encoding: 'utf8',
      env: { PATH: join(machine.folder, 'bin'), CLVP_LOG: join(machine.folder, 'log') },
    })
  t.match(clvp('--help'), { status: 0, stdout: /^Usage: clvp build/, stderr: '' })
  t.match(clvp('now'), { status: 2, stderr: /Expected only options for CMake behind -- but received 'now'/ })
  t.notOk(existsSync(join(machine.folder, 'log')), 'nothing was built')
  t.match(clvp('--', '-DCLVP_BACKENDS=blas'), { status: 0, stdout: /The addon is built/ })
  t.match(machine.log(), /-DCLVP_ADDON=ON .*-DCLVP_BACKENDS=blas/)
  t.ok(existsSync(join(machine.folder, 'build/Release/clvp.node')))
})
