/**
 * The process in which calls with odd arguments are made: node child.js FROM TO SEED [made]. Those of the tables, or with `made`
 * such as fast-check makes up, which it makes smaller where it has found something.
 */
import fc from 'fast-check'
import { listCalls, makeContext, placesOf } from './calls.js'
import { Cases, caseOf } from './cases.js'
import { begin, finding, judge, say } from './outcome.js'

const [from, to, seed] = process.argv.slice(2, 5).map(Number)
const isMade = process.argv[5] === 'made'

const context = await makeContext()
const calls = listCalls(context)

/** Of the tables: each once before any comes twice. */
async function makeListed() {
  const cases = new Cases(calls, seed)
  say({ length: cases.length })
  for (let number = from; number < to; number++) await judge(cases.at(number), number)
}

/** Up to three places of a call with values of any kind and depth. */
function madeCase() {
  const anything = fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
  })
  return fc.constantFrom(...calls.filter((call) => placesOf(call).length > 0)).chain((call) => {
    const change = fc.tuple(fc.constantFrom(...placesOf(call)), anything)
    return fc.array(change, { minLength: 1, maxLength: 3 }).map((all) => {
      const whole = all.some(([{ kind }]) => kind === 'options') // single options would have no place in it
      const changes = all.filter(([{ kind }]) => !whole || kind !== 'option')
      return caseOf(
        call,
        changes.map(([place, value]) => [place, [fc.stringify(value).slice(0, 300), () => value]]),
      )
    })
  })
}

async function makeMade() {
  let number = from
  const property = fc.asyncProperty(madeCase(), (made) => judge(made, number++))
  const { failed, counterexample } = await fc.check(property, { seed: seed + from, numRuns: to - from })
  if (failed) finding(`the smallest is ${counterexample[0].name}`)
}

const draw = async () => {
  const { candidates } = await context.clvp.generate('Hello.', {
    voice: context.voice,
    candidates: 2,
    maxTokens: 4,
    seed: 3,
  })
  return JSON.stringify(candidates.map(({ codes, score }) => [[...codes], score]))
}
const before = await draw()
await (isMade ? makeMade() : makeListed())
begin('the end')
if ((await draw()) !== before) finding('the model draws something else than before')
await context.clvp.dispose()
await context.model.dispose()
await context.speech.dispose()
say({ done: true })
process.exitCode = 0
setTimeout(() => process.exit(0), 2000).unref() // what some call has left running is not waited for
