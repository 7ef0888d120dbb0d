/** What prove.mjs runs on each kind of machine: the embedded model's most likely codes, with what computed them, as JSON. */
import { Clvp, diagnose } from '../../dist/lib/index.js'

const clvp = await Clvp.load(Clvp.demo, { threads: 1, device: 'cpu' })
const voice = await clvp.voice(Clvp.demoVoice)
const options = { voice, candidates: 1, temperature: 0, maxTokens: Number(process.argv[2] ?? 60) }
const { best } = await clvp.generate('Good morning Anna, the red apple is in the kitchen.', options)
await clvp.dispose()
const { platform, libc, origin, cpu } = diagnose()
console.log(JSON.stringify({ platform, libc, origin, variant: cpu.variant, codes: [...best.drawnCodes] }))
