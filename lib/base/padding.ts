/** The padding of rows of different lengths: one option for tokenizers and feature extractors. */
import { oneOf } from './check.js'

/** `true` is `'longest'`, `false` is `'do_not_pad'`. */
export type Padding = boolean | 'longest' | 'max_length' | 'do_not_pad'

export const STRATEGIES = ['longest', 'max_length', 'do_not_pad'] as const

export function readPadding(value: unknown, name: string): (typeof STRATEGIES)[number] {
  if (typeof value === 'boolean') return value ? 'longest' : 'do_not_pad'
  return oneOf(value, name, STRATEGIES)
}
