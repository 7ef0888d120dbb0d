/** Pickles put together opcode by opcode, as torch.save writes them, or as an attacker would. */

/** Opcodes of protocol 2; each gives bytes. */
export const op = {
  proto: (version = 2) => Buffer.of(0x80, version),
  stop: Buffer.from('.'),
  mark: Buffer.from('('),
  none: Buffer.from('N'),
  true: Buffer.of(0x88),
  false: Buffer.of(0x89),
  reduce: Buffer.from('R'),
  build: Buffer.from('b'),
  persistent: Buffer.from('Q'),
  dict: Buffer.from('}'),
  list: Buffer.from(']'),
  append: Buffer.from('a'),
  appends: Buffer.from('e'),
  noArgs: Buffer.from(')'),
  tuple: Buffer.from('t'),
  setItem: Buffer.from('s'),
  setItems: Buffer.from('u'),
  global: (module, name) => Buffer.from(`c${module}\n${name}\n`),
  put: (index) => withNumber(index < 256 ? 'q' : 'r', index, index < 256 ? 1 : 4),
  get: (index) => withNumber(index < 256 ? 'h' : 'j', index, index < 256 ? 1 : 4),
  float(value) {
    const bytes = Buffer.alloc(9, 'G')
    bytes.writeDoubleBE(value, 1)
    return bytes
  },
  text: (text) => Buffer.concat([withNumber('X', Buffer.byteLength(text), 4), Buffer.from(text)]),
  int(value) {
    if (value >= 0 && value < 256) return withNumber('K', value, 1)
    if (Math.abs(value) < 2 ** 31) {
      const bytes = Buffer.alloc(5, 'J')
      bytes.writeInt32LE(value, 1)
      return bytes
    }
    const bytes = Buffer.alloc(10, 0x8a)
    bytes[1] = 8
    bytes.writeBigInt64LE(BigInt(value), 2)
    return bytes
  },
}

function withNumber(opcode, value, size) {
  const bytes = Buffer.alloc(1 + size, opcode)
  bytes.writeUIntLE(value, 1, size)
  return bytes
}

export function tupleOf(...items) {
  return Buffer.concat([op.mark, ...items, op.tuple])
}

export const orderedDict = Buffer.concat([op.global('collections', 'OrderedDict'), op.noArgs, op.reduce])

/** `{ type, key, location, count }` as the reference to a storage. */
export function storage({ type = 'FloatStorage', module = 'torch', key = '0', location = 'cpu', count }) {
  const id = tupleOf(
    op.text('storage'),
    op.global(module, type),
    op.text(key),
    op.text(location),
    op.int(count),
  )
  return Buffer.concat([id, op.persistent])
}

/** A tensor as torch.save describes it; `storage` may be bytes of one's own. */
export function tensor({
  storage: place,
  offset = 0,
  shape,
  strides = rowMajor(shape),
  isParameter = false,
}) {
  const rebuild = op.global('torch._utils', '_rebuild_tensor_v2')
  const numbers = [shape, strides].map((values) => tupleOf(...values.map(op.int)))
  const args = tupleOf(
    Buffer.isBuffer(place) ? place : storage(place),
    op.int(offset),
    ...numbers,
    op.false,
    orderedDict,
  )
  const whole = Buffer.concat([rebuild, args, op.reduce])
  if (!isParameter) return whole
  const parameter = op.global('torch._utils', '_rebuild_parameter')
  return Buffer.concat([parameter, tupleOf(whole, op.true, orderedDict), op.reduce])
}

export function rowMajor(shape) {
  return shape.map((_, i) => shape.slice(i + 1).reduce((product, size) => product * size, 1))
}

/** A plain dictionary of `[key, value]`; keys are texts or numbers. */
export function dictOf(items) {
  const pairs = items.flatMap(([key, value]) => [typeof key === 'number' ? op.int(key) : op.text(key), value])
  return Buffer.concat([op.dict, op.mark, ...pairs, op.setItems])
}

/** A whole pickle around a value. */
export function pickle(...parts) {
  return Buffer.concat([op.proto(), ...parts, op.stop])
}

/** A state_dict of `[name, value]`, with the versions of modules that torch keeps beside it. */
export function stateDict(items) {
  const pairs = items.flatMap(([name, value]) => [op.text(name), value])
  const version = Buffer.concat([op.dict, op.text('version'), op.int(1), op.setItem])
  const metadata = Buffer.concat([orderedDict, op.text(''), version, op.setItem])
  const attributes = Buffer.concat([op.dict, op.text('_metadata'), metadata, op.setItem])
  return Buffer.concat([orderedDict, op.put(1000), op.mark, ...pairs, op.setItems, attributes, op.build])
}
