/** What tells whether sound that was kept is what a call would make again. */
import { createHash } from 'node:crypto'
import type { Voice } from '../audio/voice.js'
import { ClvpError } from '../base/errors.js'
import type { ModelInfo } from '../clvp/info.js'

/** Options that change when or where the work is done, but not the sound. */
const idle: readonly string[] = ['signal', 'onProgress', 'batchSize', 'maxMemory', 'partsFolder', 'seed']

/**
 * A hash of the model, the voice and the options, without the seed. Equal keys, texts and seeds stand for equal sound.
 *
 * @param without options that do not matter for what is kept
 * @throws ClvpError CLVP_INVALID_ARGUMENT for an option that is a function
 */
export function settingsKey(
  { name, id, type }: ModelInfo,
  options: { readonly voice: Voice; readonly [option: string]: unknown },
  without: readonly string[] = [],
): string {
  const { voice, ...others } = options
  const named = Object.entries(others)
    .filter(([option, value]) => value !== undefined && !idle.includes(option) && !without.includes(option))
    .sort(([one], [other]) => (one < other ? -1 : 1))
  for (const [option, value] of named) refuseFunctions(option, value)
  const hash = createHash('sha256').update(JSON.stringify([name, id, type, named]))
  for (const vector of [voice.embedding, voice.diffusion])
    hash.update(JSON.stringify(Array.from(vector ?? [])))
  return hash.digest('hex')
}

function refuseFunctions(option: string, value: unknown): void {
  const values = Array.isArray(value) ? value : [value]
  if (!values.some((each) => typeof each === 'function')) return
  throw new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected no function for ${option} of a call whose parts are kept but received one: nothing tells whether it is the same in the next run`,
  )
}

/** SHA-256 of texts, in hexadecimal. */
export function hashOf(...texts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex')
}
