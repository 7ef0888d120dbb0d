// Files are written beside their target and renamed: what is no regular file is refused, since the rename
// would replace it.
import { execFileSync } from 'node:child_process'
import { lstatSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { writeNew, writeWhole } from '../../dist/lib/base/files.js'

t.test('a file appears when it is complete', async (t) => {
  const dir = t.testdir({})
  const target = join(dir, 'a')
  await writeNew(target, async (file) => {
    await file.write(Buffer.from('0123'))
    await file.write(Buffer.from('4567'))
    await file.rewrite(Buffer.from('ab'), 1)
    await file.write(Buffer.from('8'))
    t.equal(await file.size(), 9)
    t.same(readdirSync(dir), [file.temporary.slice(dir.length + 1)])
  })
  t.equal(readFileSync(target, 'utf8'), '0ab345678')
})

t.test('or not at all', async (t) => {
  const dir = t.testdir({ a: 'old' })
  const mine = new Error('mine')
  const work = writeNew(join(dir, 'a'), async (file) => {
    await file.write(Buffer.from('new'))
    throw mine
  })
  await t.rejects(work, mine)
  t.same(readdirSync(dir), ['a'])
  t.equal(readFileSync(join(dir, 'a'), 'utf8'), 'old')
})

t.test(
  'folders, FIFOs and devices stay what they are',
  { skip: process.platform === 'win32' && 'no FIFOs' },
  async (t) => {
    const dir = t.testdir({ folder: {} })
    execFileSync('mkfifo', [join(dir, 'fifo')])
    symlinkSync('/dev/null', join(dir, 'null'))
    for (const [name, message] of [
      ['folder', /is a folder/],
      ['fifo', /is a FIFO/],
      ['null', /is a character device/],
    ])
      await t.rejects(writeWhole(join(dir, name), 'x'), { code: 'CLVP_IO', message }, name)
    await t.rejects(writeWhole('/dev/null', 'x'), { code: 'CLVP_IO' })
    t.ok(statSync('/dev/null').isCharacterDevice())
    t.ok(lstatSync(join(dir, 'null')).isSymbolicLink())
    t.same(readdirSync(dir).sort(), ['fifo', 'folder', 'null'])
  },
)

t.test('a folder that is not there, or a file in its place', async (t) => {
  const dir = t.testdir({})
  writeFileSync(join(dir, 'file'), '')
  for (const path of ['no/a', 'file/a', 'x'.repeat(300)])
    await t.rejects(writeWhole(join(dir, path), 'x'), { code: 'CLVP_IO', message: /could not be written/ })
  t.same(readdirSync(dir), ['file'])
})
