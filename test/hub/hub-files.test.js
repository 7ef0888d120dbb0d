// Which files of a repository are fetched, by their names alone.
import t from 'tap'
import { chooseFiles } from '../../dist/lib/hub/files.js'

const needed = ['config.json', 'vocab.json', 'merges.txt', 'model.safetensors']

t.test('files that are read if they are there', (t) => {
  for (const name of ['words.txt', 'codebook.safetensors', 'generation_config.json', 'dvae.pth']) {
    const { files } = chooseFiles([...needed, name], 'owner/name')
    t.ok(files.includes(name), name)
    t.equal(files.at(-1), 'model.safetensors', 'weights last')
  }
  t.end()
})

t.test('files that nobody reads', (t) => {
  const others = ['README.md', 'sample.wav', 'notes.txt', '.gitattributes', 'result.json', 'sub/words.txt']
  t.same(chooseFiles([...needed, ...others], 'owner/name').files.sort(), [...needed].sort())
  t.end()
})
