import { ClvpError } from '../../lib/base/errors.js'
import { Dict, List, type PickleValue } from './pickle_values.js'
import { PickledTensor } from './torch_objects.js'

/** The tensor's name in a file that contains a single tensor without a dictionary. */
export const SINGLE_TENSOR = ''

/** Where training programs put the weights, beside counters and an optimizer. The first that holds tensors counts. */
const WRAPPERS = ['state_dict', 'model_state_dict', 'model', 'module', 'net', 'model_g']
/** Real files have two at most; the limit also ends the search in a dictionary that contains itself. */
const MAX_WRAPPERS = 4

/**
 * The tensors of a torch file: its state dict, also inside a training checkpoint, the entries of a tuple under their
 * numbers, or one tensor. Entries of a state dict that are no tensors, such as a step count, are ignored: a weight that is
 * not there is noticed later, by its name.
 *
 * @throws ClvpError `CLVP_MODEL_FORMAT` if there are none
 */
export function findTensors(path: string, content: PickleValue): ReadonlyMap<string, PickledTensor> {
  if (content instanceof PickledTensor) return new Map([[SINGLE_TENSOR, content]])
  const items = content instanceof List ? content.items : content
  const found = Array.isArray(items) ? tensorsAmong([...items.entries()]) : search(content, MAX_WRAPPERS)
  if (found.size > 0) return found
  throw new ClvpError(
    'CLVP_MODEL_FORMAT',
    `${path} is not a valid torch file: it does not contain a dictionary of tensors${contentsOf(content)}. ` +
      'Save it with torch.save(model.state_dict())',
  )
}

function search(value: PickleValue | undefined, depth: number): Map<string, PickledTensor> {
  if (!(value instanceof Dict) || depth === 0) return new Map()
  for (const wrapper of WRAPPERS) {
    const inner = search(value.get(wrapper), depth - 1)
    if (inner.size > 0) return inner
  }
  return tensorsAmong([...value])
}

function tensorsAmong(
  items: readonly (readonly [string | number, PickleValue])[],
): Map<string, PickledTensor> {
  const tensors = new Map<string, PickledTensor>()
  for (const [name, value] of items) {
    if (value instanceof PickledTensor) tensors.set(String(name), value)
  }
  return tensors
}

function contentsOf(content: PickleValue): string {
  if (!(content instanceof Dict)) return ''
  const keys = [...content.keys()]
    .slice(0, 4)
    .map((key) => JSON.stringify(String(key).slice(0, 60)))
    .join(', ')
  return keys === '' ? ', it is empty' : ` under ${WRAPPERS.join(', ')} or at its top, where it has ${keys}`
}
