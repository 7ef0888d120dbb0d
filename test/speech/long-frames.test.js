// A HiFi-GAN that makes 512 or 1,024 samples of a frame has 2 frames or 1 for each code, where tortoise's has 4: the sound lasts as long
// as its codes, and is the same in parts as in whole.
import { join } from 'node:path'
import t from 'tap'
import { addStages, Clvp } from '../../dist/lib/index.js'
import { gather, makeSpeakingModel } from '../helpers/speaking_model.js'
import { writeStages } from '../helpers/speech.js'

const dir = t.testdir({})
const file = await makeSpeakingModel(dir, ['hifigan'])

for (const [hop, rates] of [
  [256, [8, 8, 2, 2]],
  [512, [8, 8, 4, 2]],
  [1024, [8, 8, 4, 4]],
]) {
  t.test(`${hop} samples of a frame`, async (t) => {
    const folder = join(dir, `stages-${hop}`)
    writeStages(folder, { hifigan: { rates } })
    const model = join(dir, `${hop}.gguf`)
    await addStages(file, folder, model)
    const clvp = await Clvp.load(model, { threads: 1 })
    t.teardown(() => clvp.dispose())
    const voice = await clvp.voice(Clvp.demoVoice)
    const options = { voice, candidates: 1, seed: 1, maxTokens: 40, gates: false }
    const sound = await clvp.speak('Hello world.', options)
    const codes = sound.best.codes.length
    const exact = (1024 * codes * 24000) / 22050
    t.ok(Math.abs(sound.samples.length - exact) <= hop, `${sound.samples.length} samples of ${codes} codes`)
    const { samples, events } = await gather(clvp.speakStream('Hello world.', options))
    t.same(samples, sound.samples, `in ${events.length} pieces`)
    t.ok(events.length > 2)
  })
}
