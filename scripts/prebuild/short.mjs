/** What prove.mjs runs while memory fails: all kinds of work, twice; prints what became of each, as JSON. */
import { Clvp } from '../../dist/lib/index.js'

async function work() {
  let clvp
  try {
    clvp = await Clvp.load(Clvp.demo, { threads: 1, device: 'cpu' })
    const voice = await clvp.voice(Clvp.demoVoice)
    const { best } = await clvp.generate('Hi.', { voice, candidates: 2, maxTokens: 5, seed: 1 })
    return `codes ${best.codes} ${best.score}`
  } catch (error) {
    return error.code ?? error.stack
  } finally {
    await clvp?.dispose()
  }
}

console.log(JSON.stringify([await work(), await work()]))
