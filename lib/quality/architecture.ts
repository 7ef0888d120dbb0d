/** Checks that two model files have the same hyperparameters, vocabulary and tensors, whatever their types. */
import { CODEBOOK, stageOf } from '../../quantize/checkpoint/tensor_names.js'
import { ClvpError } from '../base/errors.js'
import type { ModelFile } from '../loading/inspect.js'

/** The keys that define the architecture and the tokenizer. */
const essential = /^(general\.architecture$|clvp\.(decoder|text|speech|mel|tokenizer)\.)/

/** Tensors that one file may lack: they neither draw nor rank. */
function isOptional(name: string): boolean {
  return name === CODEBOOK || stageOf(name) !== undefined
}

/** @throws ClvpError CLVP_INVALID_ARGUMENT that names the difference */
export function checkComparable(a: ModelFile, b: ModelFile): void {
  for (const key of new Set([...Object.keys(a.values), ...Object.keys(b.values)])) {
    if (!essential.test(key)) continue
    const [left, right] = [a.values[key], b.values[key]]
    if (JSON.stringify(left) !== JSON.stringify(right)) throw differ(a, b, difference(key, left, right))
  }
  const shapes = (file: ModelFile) => new Map(file.tensors.map(({ name, dims }) => [name, dims.join(' x ')]))
  const [inA, inB] = [shapes(a), shapes(b)]
  for (const name of new Set([...inA.keys(), ...inB.keys()])) {
    const [left, right] = [inA.get(name), inB.get(name)]
    if (left === right || (isOptional(name) && (left === undefined || right === undefined))) continue
    throw differ(
      a,
      b,
      `the tensor ${name} is ${left ?? 'missing'} in one and ${right ?? 'missing'} in the other`,
    )
  }
}

function difference(key: string, a: unknown, b: unknown): string {
  if (Array.isArray(a) && Array.isArray(b)) {
    const at = a.length === b.length ? a.findIndex((value, i) => value !== b[i]) : -1
    if (at >= 0) return `${key}[${at}] is ${brief(a[at])} in one and ${brief(b[at])} in the other`
    return `${key} has ${a.length} entries in one and ${b.length} in the other`
  }
  return `${key} is ${brief(a)} in one and ${brief(b)} in the other`
}

function brief(value: unknown): string {
  if (value === undefined) return 'missing'
  const text = Array.isArray(value) ? `a list of ${value.length}` : JSON.stringify(value)
  return text.length > 40 ? `${text.slice(0, 37)}...` : text
}

function differ(a: ModelFile, b: ModelFile, what: string): ClvpError {
  return new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected models of one architecture and vocabulary but received ${a.path} and ${b.path}: ${what}. Compare conversions of one checkpoint`,
  )
}
