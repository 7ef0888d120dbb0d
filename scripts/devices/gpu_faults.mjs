#!/usr/bin/env node
/**
 * What goes wrong on a device must end in an error of the right code, and the model must give the same results afterwards.
 *   node scripts/devices/gpu_faults.mjs [cuda]
 * Prints a line for each fault; ends with 1 if one is not survived.
 */
import { Clvp, devices } from '../../dist/lib/index.js'

const [device = 'cuda'] = process.argv.slice(2)
const text = 'The quick brown fox jumps over the lazy dog.'
const options = { candidates: 4, maxTokens: 24, seed: 3 }
const clvp = await Clvp.load(Clvp.demo, { device })
const voice = await clvp.voice(Clvp.demoVoice)
const draw = (more = {}) => clvp.generate(text, { ...options, voice, ...more })
const codesOf = ({ candidates }) =>
  candidates.map(({ index, codes }) => [index, ...codes].join(' ')).join('\n')
const expected = codesOf(await draw())

/** Each run gives the code of the error that it ends with, or what came of it; `right` are the outcomes that are right. */
const faults = [
  {
    what: 'a call that is aborted while it draws',
    right: ['AbortError'],
    run: async () => {
      const stop = new AbortController()
      const onProgress = () => stop.abort()
      return draw({ candidates: 64, maxTokens: 200, signal: stop.signal, onProgress }).catch(
        ({ name }) => name,
      )
    },
  },
  {
    what: 'more candidates at once than the device can hold',
    right: ['drawn', 'CLVP_OUT_OF_MEMORY'],
    run: () =>
      draw({ candidates: 65536, batchSize: 1024, maxTokens: 1, scores: 'none' }).then(() => 'drawn', codeOf),
  },
  {
    what: 'an unknown device',
    right: ['CLVP_DEVICE'],
    run: () => Clvp.load(Clvp.demo, { device: `${device}:99` }).catch(codeOf),
  },
  {
    what: 'a limit of memory that the model exceeds',
    right: ['CLVP_OUT_OF_MEMORY'],
    run: () => Clvp.load(Clvp.demo, { device, maxMemory: 2 ** 20 }).catch(codeOf),
  },
  {
    what: 'calls on two models at once',
    right: ['equal'],
    run: async () => {
      const other = await Clvp.load(Clvp.demo, { device })
      const again = { ...options, voice: await other.voice(Clvp.demoVoice) }
      const found = await Promise.all([
        draw(),
        other.generate(text, again),
        draw(),
        other.generate(text, again),
      ])
      await other.dispose()
      return found.every((each) => codesOf(each) === expected) ? 'equal' : 'different codes'
    },
  },
  {
    what: 'a model that is disposed of while it draws',
    right: ['CLVP_DISPOSED'],
    run: async () => {
      const other = await Clvp.load(Clvp.demo, { device })
      const again = { ...options, maxTokens: 200, candidates: 64, voice: await other.voice(Clvp.demoVoice) }
      const call = other.generate(text, again).catch(codeOf)
      await other.dispose()
      return call
    },
  },
]
function codeOf({ code, message }) {
  return code ?? message
}

console.log(devices().map(({ name, description }) => `${name}: ${description}`))
let survived = true
for (const { what, right, run } of faults) {
  const found = await run()
  const same = codesOf(await draw()) === expected
  const good = right.includes(found) && same
  survived &&= good
  console.log(
    `${good ? 'ok    ' : 'FAILED'}  ${what}: ${found}, ${same ? 'the same codes afterwards' : 'other codes afterwards'}`,
  )
}
await clvp.dispose()
process.exitCode = survived ? 0 : 1
