/**
 * What our stages take from latents to sound: prints milliseconds of each as JSON. Inputs of the same sizes as in stages_reference.py.
 *
 *   node stages_trial.mjs '{ "file": ..., "codes": 60, "threads": 2, "rounds": 3 }'
 */
import { SpeechModel, Tensor } from '../../dist/lib/index.js'
import { framesOf, melRange, noise } from '../../test/helpers/speech_case.js'
import { median } from './steps.mjs'

const { file, device = 'cpu', codes, threads, rounds } = JSON.parse(process.argv[2])
const [width, mels] = [1024, 100]
const frames = framesOf(codes)
const floats = (dims, options) => new Tensor(noise(1, dims.join(), dims, options), dims)

const speech = await SpeechModel.fromPretrained(file, { device, ...(threads > 0 && { threads }) })
const latents = floats([1, codes, width])
const when = new Tensor(Int32Array.of(500), [1])
const voices = { hifigan: floats([1, width]), diffusion: floats([1, 2 * width]) }
const [x, mel] = [floats([1, mels, frames]), floats([1, mels, frames], melRange)]
const vocoderNoise = floats([1, 64, frames + 10])
const stages = {
  hifigan: () => speech.hifigan.forward({ latents, conditioning: voices.hifigan }),
  diffusion: () => speech.diffusion.forward({ x, timesteps: when, latents, conditioning: voices.diffusion }),
  vocoder: () => speech.vocoder.forward({ mel, noise: vocoderNoise }),
}
const found = {}
for (const [name, run] of Object.entries(stages)) {
  await run()
  const took = []
  for (let i = 0; i < rounds; i++) {
    const began = performance.now()
    await run()
    took.push(performance.now() - began)
  }
  found[name] = median(took)
}
console.log(JSON.stringify(found))
await speech.dispose()
