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

/** Each gives the code of the error that it ends with, or nothing. */
const faults = {
  'a call that is aborted while it draws': async () => {
    const stop = new AbortController()
    const onProgress = () => stop.abort()
    return draw({ candidates: 64, maxTokens: 200, signal: stop.signal, onProgress }).catch(({ name }) => name)
  },
  'more candidates at once than the device can hold': () =>
    draw({ candidates: 65536, batchSize: 1024, maxTokens: 1, scores: 'none' }).then(() => 'drawn', codeOf),
  'an unknown device': () => Clvp.load(Clvp.demo, { device: `${device}:99` }).catch(codeOf),
  'a limit of memory that the model exceeds': () =>
    Clvp.load(Clvp.demo, { device, maxMemory: 2 ** 20 }).catch(codeOf),
  'calls on two models at once': async () => {
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
  'a model that is disposed of while it draws': async () => {
    const other = await Clvp.load(Clvp.demo, { device })
    const again = { ...options, maxTokens: 200, candidates: 64, voice: await other.voice(Clvp.demoVoice) }
    const call = other.generate(text, again).catch(codeOf)
    await other.dispose()
    return call
  },
}
const right = {
  'a call that is aborted while it draws': ['AbortError'],
  'more candidates at once than the device can hold': ['drawn', 'CLVP_OUT_OF_MEMORY'],
  'an unknown device': ['CLVP_DEVICE'],
  'a limit of memory that the model exceeds': ['CLVP_OUT_OF_MEMORY'],
  'calls on two models at once': ['equal'],
  'a model that is disposed of while it draws': ['CLVP_DISPOSED'],
}

function codeOf({ code, message }) {
  return code ?? message
}

console.log(devices().map(({ name, description }) => `${name}: ${description}`))
let survived = true
for (const [what, run] of Object.entries(faults)) {
  const found = await run()
  const same = codesOf(await draw()) === expected
  const good = right[what].includes(found) && same
  survived &&= good
  console.log(
    `${good ? 'ok    ' : 'FAILED'}  ${what}: ${found}, ${same ? 'the same codes afterwards' : 'other codes afterwards'}`,
  )
}
await clvp.dispose()
process.exitCode = survived ? 0 : 1
