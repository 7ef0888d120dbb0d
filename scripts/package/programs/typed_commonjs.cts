// CommonJS in TypeScript: values and types, of classes with parameters too.
import { type Candidate, Clvp, Tensor, type Voice } from 'node-clvp'

declare const console: { log(text: string): void }

async function main(): Promise<void> {
  const clvp: Clvp = await Clvp.load(Clvp.demo, { threads: 1 })
  const voice: Voice = await clvp.voice([Clvp.demoVoice])
  const options = { voice, candidates: 1, temperature: 0, maxTokens: 40 }
  const best: Candidate = (await clvp.generate('Good morning.', options)).best
  const codes: Tensor<Int32Array> = new Tensor(best.codes, [best.codes.length])
  // @ts-expect-error: another type of numbers
  const floats: Tensor<Float32Array> = codes
  await clvp.dispose()
  console.log(JSON.stringify([...codes.data.slice(0, floats.data.length)]))
}

main()
