// An ES module.
import { Clvp } from 'node-clvp'

const clvp = await Clvp.load(Clvp.demo, { threads: 1 })
const voice = await clvp.voice([Clvp.demoVoice])
const { best } = await clvp.generate('Good morning.', { voice, candidates: 1, temperature: 0, maxTokens: 40 })
await clvp.dispose()
console.log(JSON.stringify([...best.codes]))
