// A model file that is replaced while a call is busy with it: the call takes all from one file, or says that it has changed.
import { copyFileSync, existsSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { compareModels, quantizeFile, verifyModel } from '../../dist/lib/index.js'
import { replaceOnce } from '../helpers/gguf.js'
import { tinyFile, tone } from '../helpers/model.js'

const plain = await tinyFile('plain')
const skip = process.platform === 'win32' && 'an open file cannot be replaced'
const changed = {
  name: 'ClvpError',
  code: 'CLVP_IO',
  message: /model\.gguf to stay as it was but it has been/,
}

/** A model file, and what puts another in its place, once. */
function replaceable(t, other) {
  const dir = t.testdir({})
  const [file, next] = [join(dir, 'model.gguf'), join(dir, 'next.gguf')]
  copyFileSync(plain, file)
  writeFileSync(next, other)
  const replace = () => {
    if (existsSync(next)) renameSync(next, file)
  }
  return { dir, file, replace }
}

t.test('quantizeFile writes nothing of a file that it has not verified', { skip }, async (t) => {
  const { dir, file, replace } = replaceable(t, readFileSync(plain))
  const target = join(dir, 'target.gguf')
  const options = { type: 'q8_0', threads: 1 }
  await t.rejects(quantizeFile(file, target, { ...options, onProgress: replace }), changed)
  t.notOk(existsSync(target))
  await quantizeFile(file, target, options)
})

t.test('nor of one that was written to', async (t) => {
  const { dir, file } = replaceable(t, '')
  const touch = () => utimesSync(file, 1, 1)
  await t.rejects(quantizeFile(file, join(dir, 'target.gguf'), { type: 'q8_0', onProgress: touch }), changed)
})

t.test('compareModels reports on no two files as one', { skip }, async (t) => {
  const few = { texts: ['Hello.'], voices: tone(0.4), maxTokens: 6, candidates: 2, threads: 1 }
  for (const stage of ['verify', 'tensors', 'load']) {
    const { file, replace } = replaceable(t, readFileSync(plain))
    const onProgress = (progress) => progress.stage === stage && replace()
    await t.rejects(compareModels(file, plain, { ...few, onProgress }), changed, stage)
  }
})

t.test('verifyModel tells the faults of the file that it has read', { skip }, async (t) => {
  const damaged = replaceOnce(
    readFileSync(plain),
    Buffer.from('tokenizer.merges'),
    Buffer.from('tokenizer.xerges'),
  )
  const { file, replace } = replaceable(t, damaged)
  const { isSound, faults } = await verifyModel(file, { onProgress: replace })
  t.same(faults, [])
  t.ok(isSound)
  const again = await verifyModel(file)
  t.notOk(again.isSound, 'now it is the other file')
})
