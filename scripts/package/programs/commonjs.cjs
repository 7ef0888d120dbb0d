// CommonJS: require() of the ES module.
const { Clvp } = require('node-clvp')

async function main() {
  const clvp = await Clvp.load(Clvp.demo, { threads: 1 })
  const voice = await clvp.voice([Clvp.demoVoice])
  const { best } = await clvp.generate('Good morning.', { voice, candidates: 1, temperature: 0, maxTokens: 40 })
  await clvp.dispose()
  console.log(JSON.stringify([...best.codes]))
}

main()
