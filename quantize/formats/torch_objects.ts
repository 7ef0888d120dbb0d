import { describe } from '../../lib/base/errors.js'
import {
  Dict,
  HostValue,
  PickleError,
  type PickleHost,
  type PickleValue,
  type Tuple,
} from './pickle_values.js'
import { elementCount, spanOf, type View } from './strided_view.js'

/** torch's storage classes: safetensors' name of their type, and the bytes per element. */
const STORAGES: Readonly<Record<string, readonly [string, number]>> = {
  'torch.FloatStorage': ['F32', 4],
  'torch.HalfStorage': ['F16', 2],
  'torch.BFloat16Storage': ['BF16', 2],
  'torch.DoubleStorage': ['F64', 8],
  'torch.LongStorage': ['I64', 8],
  'torch.IntStorage': ['I32', 4],
  'torch.ShortStorage': ['I16', 2],
  'torch.CharStorage': ['I8', 1],
  'torch.ByteStorage': ['U8', 1],
  'torch.BoolStorage': ['BOOL', 1],
}
const ORDERED_DICT = 'collections.OrderedDict'
const REBUILD_TENSOR = 'torch._utils._rebuild_tensor_v2'
const REBUILD_PARAMETER = 'torch._utils._rebuild_parameter'
const GLOBALS = new Set([ORDERED_DICT, REBUILD_TENSOR, REBUILD_PARAMETER, ...Object.keys(STORAGES)])

const MAX_DIMENSIONS = 8

/** A name that the pickle refers to. It is never imported. */
class Global extends HostValue {
  readonly kind = 'global'
  constructor(readonly name: string) {
    super()
  }
}

/** Contiguous elements in one entry of the file. */
export class Storage extends HostValue {
  readonly kind = 'storage'
  constructor(
    readonly key: string,
    readonly dtype: string,
    readonly elementSize: number,
    readonly count: number,
  ) {
    super()
  }
}

/** A tensor as the pickle describes it: a view of its storage. */
export class PickledTensor extends HostValue {
  readonly kind = 'tensor'
  constructor(
    readonly storage: Storage,
    readonly view: View,
  ) {
    super()
  }
}

/** The few globals that weights need. All others are rejected by name. */
export const torchObjects: PickleHost = {
  global(name) {
    if (GLOBALS.has(name)) return new Global(name)
    throw new PickleError(`it refers to ${describe(name)}, which weights do not need`)
  },

  persistent(id) {
    if (!isTuple(id) || id.length !== 5 || id[0] !== 'storage') throw wrong('a reference to a storage', id)
    const [, type, key, location, count] = id
    const known = type instanceof Global ? STORAGES[type.name] : undefined
    if (!known) throw wrong("a storage's type", type)
    if (typeof key !== 'string' || !/^\d{1,9}$/.test(key)) throw wrong("a storage's key", key)
    if (typeof location !== 'string') throw wrong("a storage's device", location)
    if (!isCount(count)) throw wrong("a storage's size", count)
    return new Storage(key, ...known, count)
  },

  reduce(callable, args) {
    const name = callable instanceof Global ? callable.name : undefined
    if (!isTuple(args)) throw wrong('arguments', args)
    if (name === ORDERED_DICT && args.length === 0) return new Dict()
    if (name === REBUILD_TENSOR) return rebuildTensor(args)
    if (name === REBUILD_PARAMETER) return rebuildParameter(args)
    throw new PickleError(`it calls ${name ?? describe(callable)} with ${args.length} arguments`)
  },
}

function wrong(what: string, value: PickleValue | undefined): PickleError {
  return new PickleError(
    `expected ${what} but found ${value instanceof HostValue ? `a ${value.kind}` : describe(value)}`,
  )
}

function isTuple(value: PickleValue | undefined): value is Tuple {
  return Array.isArray(value)
}

function isCount(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

/** (storage, offset, sizes, strides, requires_grad, backward hooks, optional metadata) */
function rebuildTensor(args: readonly PickleValue[]): PickledTensor {
  const [storage, offset, sizes, strides, , hooks] = args
  if (args.length !== 6 && args.length !== 7) throw wrong("a tensor's parts", args)
  if (!(storage instanceof Storage)) throw wrong('a storage', storage)
  if (!isCount(offset)) throw wrong("a tensor's offset", offset)
  if (!isCounts(sizes)) throw wrong("a tensor's sizes", sizes)
  if (!isCounts(strides) || strides.length !== sizes.length) throw wrong("a tensor's strides", strides)
  if (!(hooks instanceof Dict) || hooks.size > 0) throw wrong('no backward hooks', hooks)
  const view = { offset, sizes, strides }
  const count = elementCount(view)
  // Sums and products beyond 2^53 are inexact, but then they also exceed every storage.
  if (!(offset + spanOf(view) <= storage.count)) {
    throw new PickleError(
      `a tensor of the shape [${sizes}] reaches beyond its storage of ${storage.count} elements`,
    )
  }
  if (!(count <= storage.count)) {
    throw new PickleError(`a tensor has ${count} elements in a storage of ${storage.count}`)
  }
  return new PickledTensor(storage, view)
}

function isCounts(value: PickleValue | undefined): value is number[] {
  return isTuple(value) && value.length <= MAX_DIMENSIONS && value.every(isCount)
}

/** (tensor, requires_grad, backward hooks) */
function rebuildParameter(args: readonly PickleValue[]): PickledTensor {
  const [tensor, , hooks] = args
  if (args.length !== 3 || !(tensor instanceof PickledTensor)) throw wrong("a parameter's tensor", tensor)
  if (!(hooks instanceof Dict) || hooks.size > 0) throw wrong('no backward hooks', hooks)
  return tensor
}
