// TypeScript, checked strictly against the package's own types.
import { type Candidate, Clvp, type GenerateResult } from 'node-clvp'

// The package's types need neither those of a browser nor those of Node.
declare const console: { log(text: string): void }

const clvp: Clvp = await Clvp.load(Clvp.demo, { threads: 1 })
const voice = await clvp.voice([Clvp.demoVoice])
const result: GenerateResult = await clvp.generate('Good morning.', {
  voice,
  candidates: 1,
  temperature: 0,
  maxTokens: 40,
})
const best: Candidate = result.best
// @ts-expect-error: an option that does not exist
await clvp.generate('Good morning.', { voice, candidate: 1 }).catch(() => undefined)
await clvp.dispose()
console.log(JSON.stringify([...best.codes]))
