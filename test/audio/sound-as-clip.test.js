// A Sound is taken wherever a clip is, with its metadata and whatever a subclass adds.
import t from 'tap'
import { auditClip, Sound } from '../../dist/lib/index.js'
import { loadTinyModel } from '../helpers/model.js'
import { speech } from '../helpers/signals.js'

const { clvp } = await loadTinyModel(t)

t.test('a sound is a clip', async (t) => {
  class Speech extends Sound {
    text = 'Hi.'
  }
  const samples = speech(3)
  const plain = { samples, sampleRate: 22050 }
  const sound = new Speech(samples, 22050, { title: 'a' })
  t.same(await auditClip(sound), await auditClip(plain))
  t.same((await clvp.voice(sound)).embedding, (await clvp.voice(plain)).embedding)
  await t.rejects(
    clvp.voice({ ...sound }),
    { code: 'CLVP_INVALID_ARGUMENT' },
    'other objects have no more names',
  )
})
