/** Kinds of options that several tables share. */
import type { EarlyStopping, Positions } from '../addon/contract/drawing.js'
import { invalid } from '../base/errors.js'
import { choice, custom, integer, type Kind, number } from '../base/kinds.js'

/** A seed of the core's random numbers. */
export const seed = integer(0, Number.MAX_SAFE_INTEGER)

/** The power of a row's length that divides its likelihood in a beam search. */
export const lengthPenalty = number(-2, 10)

/** When a beam search ends. */
export const earlyStopping: Kind<EarlyStopping> = custom<EarlyStopping>(
  (value, name) => {
    if (typeof value === 'boolean' || value === 'never') return value
    throw invalid("true, false or 'never'", name, value)
  },
  { as: 'word', value: 'WHEN', words: { yes: true, no: false, never: 'never' } },
)

export const positionsKinds: readonly Positions[] = ['trained', 'cached', 'transformers']

/** How the decoder counts positions. */
export const positions: Kind<Positions> = choice(positionsKinds, 'KIND')
