/** What the tables of calls share: how a call is told of, and the options of loading and drawing. */
import { Tensor } from '../../../dist/lib/index.js'

export const LOAD = [
  'device',
  'parts',
  'mmap',
  'isolate',
  'threads',
  'kvType',
  'type',
  'maxMemory',
  'maxCalls',
  'revision',
]

export const WATCHED = ['onProgress', 'signal']

export const GENERATE = [
  ...[
    'voice',
    'candidates',
    'preset',
    'seed',
    'temperature',
    'topK',
    'topP',
    'minP',
    'typicalP',
    'repetitionPenalty',
  ],
  ...[
    'maxTokens',
    'padTo',
    'keep',
    'batchSize',
    'budgetMs',
    'prune',
    'maxMemory',
    'scores',
    'deterministic',
    'beams',
    'lengthPenalty',
  ],
  ...[
    'earlyStopping',
    'positions',
    'history',
    'latents',
    'compat',
    'logitsProcessor',
    'normalizer',
    ...WATCHED,
  ],
]

/**
 * `run` takes the arguments in the order of `args`, and the options last if there are any.
 *
 * @param args good arguments by name
 * @param known the options' names
 * @param good options
 */
export function call(name, run, args, known, good = {}) {
  return { name, run, args, known, good }
}

export async function drained(events) {
  let count = 0
  for await (const _ of events) count++
  return count
}

/** What is loaded takes memory until it is disposed of. */
export async function disposed(loading) {
  const loaded = await loading
  await loaded.dispose()
}

export function floats(dims, value = 0.1) {
  const length = dims.reduce((product, dim) => product * dim, 1)
  return new Tensor(new Float32Array(length).fill(value), dims)
}
