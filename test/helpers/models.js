/** Runs the cases of model_cases.js on our side, and holds what comes out against the reference's answers. */
import { Tensor } from '../../dist/lib/index.js'
import { functions } from './model_cases.js'
import { keptIndices } from './model_golden.js'

/** The part of a model that a case names. */
function partOf(model, path) {
  return path.split('.').reduce((part, name) => (name ? part[name] : part), model)
}

function argumentsOf({ logitsProcessor, stoppingCriteria, ...rest }) {
  return {
    ...rest,
    ...(logitsProcessor && { logitsProcessor: functions[logitsProcessor] }),
    ...(stoppingCriteria && { stoppingCriteria: functions[stoppingCriteria] }),
  }
}

function* flatten(name, value) {
  if (value instanceof Tensor) yield [name, value]
  if (Array.isArray(value)) for (const [i, each] of value.entries()) yield* flatten(`${name}.${i}`, each)
}

function outputsOf(found, prefix = '') {
  const named = found instanceof Tensor ? { result: found } : found
  const outputs = {}
  for (const [key, value] of Object.entries(named)) {
    for (const [name, tensor] of flatten(key, value)) outputs[prefix + name] = tensor
  }
  return outputs
}

/**
 * Our outputs of a case by name.
 *
 * @param {string} [positions] how the reference counts them: 5.23 by default
 */
export async function answer(model, { method, part, calls }, positions = 'transformers') {
  const target = partOf(model, part)
  const name = method.split('.')[1]
  if (name === 'fixSpeechDecoderOutput') return outputsOf(target.fixSpeechDecoderOutput(calls[0].speechIds))
  const outputs = {}
  let pastKeyValues
  for (const [i, call] of calls.entries()) {
    const many = calls.length > 1
    const draws = name === 'generate' || (name === 'getSpeechFeatures' && call.inputFeatures !== undefined)
    const asRun = draws && positions !== 'default' && { positions }
    const found = await target[name]({
      ...argumentsOf(call),
      ...asRun,
      ...(many && { pastKeyValues, useCache: true }),
    })
    pastKeyValues = found.pastKeyValues
    Object.assign(outputs, outputsOf(found, many ? `${i}.` : ''))
  }
  return outputs
}

/** max|a-b| / max|b| over numbers that are finite in both; infinite ones must be the same. */
function relativeError(actual, expected) {
  let most = 0
  let scale = 0
  for (let i = 0; i < expected.length; i++) {
    if (!Number.isFinite(expected[i]) || !Number.isFinite(actual[i])) {
      if (!Object.is(actual[i], expected[i])) return Infinity
      continue
    }
    most = Math.max(most, Math.abs(actual[i] - expected[i]))
    scale = Math.max(scale, Math.abs(expected[i]))
  }
  return scale === 0 ? most : most / scale
}

/** Outputs of steps, of which ours are 0 behind a row's end. */
const perStep = /^(scores|logits|hiddenStates|attentions|decoderHiddenStates)\.(\d+)/

/**
 * Rows of a step's output that are compared: all but those that are 0 for ours because the row had ended.
 *
 * @returns a filter on flat indices
 */
function liveRows(name, tensor) {
  const step = perStep.exec(name)
  if (!step || step[2] === '0') return () => true
  const size = tensor.data.length / tensor.dims[0]
  const live = Array.from({ length: tensor.dims[0] }, (_, row) =>
    tensor.data.subarray(row * size, (row + 1) * size).some((x) => x !== 0),
  )
  return (_, i) => live[Math.floor(i / size)]
}

/** Compares one output with the elements that golden answers hold. */
export function compareKept(name, actual, { dims, ids, numbers }, limit) {
  if (!actual || actual.dims.join() !== dims.join()) return compareOutput(name, actual, { dims }, limit)
  const live = liveRows(name, actual)
  const indices = keptIndices(actual.data.length)
  const chosen = indices.map((_, k) => k).filter((k) => ids || live(0, indices[k]))
  const found = chosen.map((k) => actual.data[indices[k]])
  const wanted = chosen.map((k) => (ids ? ids[k] : Number(numbers[k])))
  if (ids) return { passed: found.join() === wanted.join(), note: `ids ${found} for ${wanted}` }
  const error = relativeError(found, wanted)
  return { passed: error <= limit, note: `relative error ${error.toExponential(1)}` }
}

/** Compares one output: { equal, error } with the relative error of floats. */
export function compareOutput(name, actual, expected, limit) {
  if (!actual) return { passed: false, note: 'missing' }
  if (actual.dims.join() !== expected.dims.join()) {
    return { passed: false, note: `dims [${actual.dims}] for [${expected.dims}]` }
  }
  if (expected.ids) {
    const at = expected.ids.findIndex((id, i) => id !== actual.data[i])
    return { passed: at < 0, note: at < 0 ? '' : `ids differ from ${at}` }
  }
  const live = liveRows(name, actual)
  const error = relativeError(actual.data.filter(live), expected.data.filter(live))
  return {
    passed: error <= limit,
    error,
    note: error <= limit ? '' : `relative error ${error.toExponential(1)}`,
  }
}
