/** Cases: a call with one argument that is odd, or with several. */
import { Dice } from '../readers/driver.js'
import { edgesOf, othersFor, placesOf } from './calls.js'
import { oddObjects, oddValues } from './values.js'

/** Values for one place, each as `[name, make]`. */
function valuesFor(call, place, values) {
  const objects = place.kind === 'options' ? oddObjects(call.good, call.known) : []
  return [...values, ...objects, ...edgesOf(place)]
}

/** The arguments of a call with what `changes` puts in the place of some: `[place, value]`. */
function argumentsWith({ args, known, good }, changes) {
  const given = { ...args }
  let options = { ...good }
  for (const [{ kind, name }, value] of changes) {
    if (kind === 'argument') given[name] = value
    else if (kind === 'options') options = value
    else Object.defineProperty(options, name, { value, enumerable: true, configurable: true, writable: true })
  }
  return [...Object.values(given), ...(known ? [options] : [])]
}

/** A call with changes at some places, `[place, [name, make]]` each. */
export function caseOf(call, changes) {
  const where = changes.map(([{ kind, name }, [value]]) => `${kind === 'options' ? kind : name} = ${value}`)
  return {
    name: `${call.name}: ${where.join(', ')}`,
    run: () =>
      call.run(
        ...argumentsWith(
          call,
          changes.map(([place, [, make]]) => [place, make()]),
        ),
      ),
  }
}

/** All cases in which one argument is odd. */
function singles(calls, values) {
  return calls.flatMap((call) =>
    placesOf(call).flatMap((place) =>
      valuesFor(call, place, values).map((value) => ({ call, place, value })),
    ),
  )
}

/**
 * A case with two to four other arguments, of which some are good: most odd ones hide what comes behind
 * them.
 */
function several(calls, values, dice) {
  const call = dice.oneOf(calls.filter((each) => placesOf(each).length > 1))
  const places = placesOf(call).filter(({ kind }) => kind !== 'options')
  const count = Math.min(places.length, 2 + dice.below(3))
  const chosen = new Set()
  while (chosen.size < count) chosen.add(dice.oneOf(places))
  const valueFor = (place) => {
    const good = othersFor(place)
    return dice.oneOf(good.length > 0 && dice.below(4) > 0 ? good : valuesFor(call, place, values))
  }
  return caseOf(
    call,
    [...chosen].map((place) => [place, valueFor(place)]),
  )
}

function greatestDivisor(a, b) {
  return b === 0 ? a : greatestDivisor(b, a % b)
}

/**
 * Cases by their number, the same for the same seed: of every four, three have one odd argument, and each
 * of these comes once before any comes twice.
 */
export class Cases {
  #calls
  #values = oddValues()
  #singles
  #seed
  #stride

  constructor(calls, seed) {
    this.#calls = calls
    this.#singles = singles(calls, this.#values)
    this.#seed = seed
    const { length } = this.#singles
    this.#stride = Math.floor(length * 0.618)
    while (greatestDivisor(this.#stride, length) !== 1) this.#stride++
  }

  /** How many there are with one odd argument. */
  get length() {
    return this.#singles.length
  }

  at(number) {
    const dice = new Dice(this.#seed * 2 ** 32 + number)
    if (number % 4 === 3) return several(this.#calls, this.#values, dice)
    const turn = 3 * Math.floor(number / 4) + (number % 4)
    const index = (turn * this.#stride + new Dice(this.#seed).below(this.length)) % this.length
    const { call, place, value } = this.#singles[index]
    return caseOf(call, [[place, value]])
  }
}
