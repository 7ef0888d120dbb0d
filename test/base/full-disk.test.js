// A disk that is full, or a limit on files' sizes: an error, the old file, and nothing else.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { convertFolder } from '../../dist/lib/index.js'
import { freshCheckpoint } from '../helpers/safetensors.js'

const program = fileURLToPath(new URL('../helpers/writing.js', import.meta.url))

async function setUp(t) {
  const folder = freshCheckpoint(t)
  const f32 = join(folder, '..', 'f32.gguf')
  await convertFolder(folder, f32, { type: 'f32' })
  const out = join(folder, '..', 'out')
  mkdirSync(out)
  return { sources: { convert: folder, quantize: f32 }, out }
}

/**
 * Runs a shell's script with the program and its arguments behind it. Without the modules that tap preloads into Node's
 * processes: they listen to SIGXFSZ, which Node itself ignores, and end the process when it comes.
 */
function run(script, how, source, target) {
  const bare = `unset NODE_OPTIONS; ${script}`
  const args = ['-c', bare, 'sh', process.execPath, program, 'once', how, source, target]
  return spawnSync('sh', args, { encoding: 'utf8' })
}

t.test('a limit on the size of files', { skip: process.platform === 'win32' && 'no ulimit' }, async (t) => {
  const { sources, out } = await setUp(t)
  const target = join(out, 'model.gguf')
  writeFileSync(target, 'old')
  // In blocks of 512 or 1024 bytes: within the header, the first tensors, and the last ones. What crosses it is a short write.
  for (const blocks of [1, 20, 61, 150]) {
    for (const how of ['convert', 'quantize']) {
      const { stdout, stderr } = run(`ulimit -f ${blocks}; exec "$@"`, how, sources[how], target)
      t.match(stdout, /^CLVP_IO cannot write .*(too large|No space)/i, `${how}, ${blocks} blocks ${stderr}`)
      t.same(readdirSync(out), ['model.gguf'], 'nothing else is left')
      t.equal(readFileSync(target, 'utf8'), 'old')
    }
  }
})

t.test('a full disk', async (t) => {
  const mount = 'mount -t tmpfs -o size=128k none "$0"'
  const { status, stderr } = spawnSync('unshare', ['-rm', 'sh', '-c', mount, t.testdir({})], {
    encoding: 'utf8',
  })
  if (status !== 0) return t.skip(`no small disk can be made here: ${stderr ?? 'unshare is missing'}`)
  const { sources, out: disk } = await setUp(t)
  const script = `${mount}; echo old > "$0/model.gguf"; "$@"; ls -A "$0"; cat "$0/model.gguf"`
  for (const how of ['convert', 'quantize']) {
    const args = [
      '-rm',
      'sh',
      '-c',
      script,
      disk,
      process.execPath,
      program,
      'once',
      how,
      sources[how],
      join(disk, 'model.gguf'),
    ]
    const { stdout } = spawnSync('unshare', args, { encoding: 'utf8' })
    const [message, ...others] = stdout.trim().split('\n')
    t.match(message, /^CLVP_IO cannot write .*No space left/, how)
    t.same(others, ['model.gguf', 'old'], 'the old file, and nothing else')
  }
})

t.test(
  'a folder that cannot be written to',
  { skip: process.getuid?.() === 0 && 'root may write anywhere' },
  async (t) => {
    const { sources, out } = await setUp(t)
    chmodSync(out, 0o500)
    t.teardown(() => chmodSync(out, 0o700))
    const { stdout } = run('exec "$@"', 'convert', sources.convert, join(out, 'x.gguf'))
    t.match(stdout, /^CLVP_IO cannot create/)
  },
)

t.test('a device that takes nothing', { skip: process.platform !== 'linux' && 'no /dev/full' }, async (t) => {
  const folder = freshCheckpoint(t)
  await t.rejects(convertFolder(folder, '/dev/full'), { code: 'CLVP_IO', message: /not a regular file/ })
  writeFileSync(join(folder, 'x'), '')
  await t.rejects(convertFolder(folder, join(folder, 'x', 'y.gguf')), { code: 'CLVP_IO' })
})
