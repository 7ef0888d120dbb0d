/** Arguments that nobody should pass, each with a name. */
import { ClvpTokenizer, Tensor, Voice } from '../../../dist/lib/index.js'

/** What the caller's own code throws: it may come out of a call as it is. */
export class Mine extends Error {}

function throwMine() {
  throw new Mine('mine')
}

// --- typed arrays ----------------------------------------------------------------------------------------

function detached(Type, length = 4) {
  const array = new Type(length)
  structuredClone(array.buffer, { transfer: [array.buffer] })
  return array
}

/** A view that reaches beyond its buffer, which has become shorter. */
function outOfBounds(Type) {
  const buffer = new ArrayBuffer(32, { maxByteLength: 64 })
  const array = new Type(buffer, 0, 4)
  buffer.resize(4)
  return array
}

function typedArrays() {
  const kinds = [Int32Array, Float32Array, Float64Array, Uint8Array, Int8Array, Uint32Array, BigInt64Array]
  return kinds.flatMap((Type) => [
    [`${Type.name} of 4`, () => new Type(4)],
    [`${Type.name} of 0`, () => new Type(0)],
    [`${Type.name} with an offset`, () => new Type(new ArrayBuffer(64), 16, 3)],
    [`${Type.name} shared`, () => new Type(new SharedArrayBuffer(32))],
    [`${Type.name} detached`, () => detached(Type)],
    [`${Type.name} out of bounds`, () => outOfBounds(Type)],
  ])
}

// --- tensors ---------------------------------------------------------------------------------------------

/** A tensor that its constructor would refuse. */
function forged(data, dims) {
  return Object.assign(Object.create(Tensor.prototype), { data, dims })
}

function tensors() {
  const ones = (dims, Type = Float32Array) =>
    new Tensor(new Type(dims.reduce((product, dim) => product * dim, 1)).fill(1), dims)
  const lost = (Type) => {
    const tensor = ones([1, 2, 2], Type)
    structuredClone(tensor.data.buffer, { transfer: [tensor.data.buffer] })
    return tensor
  }
  const lostIds = () => {
    const tensor = ones([1, 4], Int32Array)
    structuredClone(tensor.data.buffer, { transfer: [tensor.data.buffer] })
    return tensor
  }
  return [
    ['a tensor of one', () => ones([])],
    ['a tensor [4]', () => ones([4])],
    ['ids [1, 4]', () => ones([1, 4], Int32Array)],
    ['ids [2, 0]', () => ones([2, 0], Int32Array)],
    ['ids [0, 2]', () => ones([0, 2], Int32Array)],
    ['ids of three axes', () => ones([1, 2, 2], Int32Array)],
    ['floats [1, 1, 1]', () => ones([1, 1, 1])],
    ['floats [2, 80, 3]', () => ones([2, 80, 3])],
    ['floats [1, 80, 0]', () => ones([1, 80, 0])],
    ['floats [1, 2, 48]', () => ones([1, 2, 48])],
    ['floats of NaN', () => new Tensor(new Float32Array(2 * 48).fill(Number.NaN), [1, 2, 48])],
    ['mels of NaN', () => new Tensor(new Float32Array(80 * 3).fill(Number.NaN), [1, 80, 3])],
    ['mels of infinity', () => new Tensor(new Float32Array(80 * 3).fill(Infinity), [1, 80, 3])],
    ['floats shared', () => new Tensor(new Float32Array(new SharedArrayBuffer(960)), [1, 80, 3])],
    ['floats detached', () => lost(Float32Array)],
    ['ids detached', () => lostIds()],
    ['a forged tensor of too few', () => forged(new Float32Array(1), [1, 80, 3])],
    ['a forged tensor of too few ids', () => forged(new Int32Array(1), [1, 4])],
    ['a forged tensor of too many ids', () => forged(new Int32Array(9), [1, 4])],
    ['a forged tensor of odd dims', () => forged(new Int32Array(4), [1, Number.NaN])],
    ['a forged tensor of negative dims', () => forged(new Float32Array(4), [-1, -2, -2])],
    ['a forged tensor of large dims', () => forged(new Int32Array(4), [2 ** 31, 2 ** 31])],
    ['a forged tensor of no dims', () => forged(new Int32Array(4), undefined)],
    ['a hollow tensor', () => Object.create(Tensor.prototype)],
  ]
}

// --- plain values ----------------------------------------------------------------------------------------

const numbers = [
  -1,
  0,
  -0,
  0.5,
  1.5,
  -0.5,
  2,
  2 ** 31,
  2 ** 31 - 1,
  2 ** 32,
  2 ** 53,
  1e300,
  5e-324,
  -(2 ** 31),
]
const notFinite = [Number.NaN, Infinity, -Infinity]

const texts = {
  'no text': '',
  'a text': 'text',
  'the text auto': 'auto',
  'a text of 1 MB': 'x'.repeat(2 ** 20),
  'a megabyte of words': 'word 12 '.repeat(2 ** 17),
  'half a pair': 'a\ud800b',
  'the other half': '\udfff',
  NUL: 'a\0b',
  'only NUL': '\0',
  'not ASCII': '\u4f60\u597d',
  'a special token': '<|endoftext|>[STOP]',
  'the name of every prototype': '__proto__',
  'the name of every class': 'constructor',
  'the name of a method': 'toString',
  'a number as text': '1',
  'a format': '%s%n%d',
  'a path that leads away': '../away/such',
  'a path beyond the longest': 'a'.repeat(5000),
  JSON: '{"a":1}',
}

function lists() {
  return [
    ['no elements', () => []],
    ['holes', () => new Array(5)],
    ['a hole between', () => [1, undefined, 2]],
    ['a list of null', () => [null]],
    ['a list in lists', () => [[[[1]]]]],
    ['no rows', () => [[]]],
    ['a list of texts', () => ['a', 'b']],
    ['a list of no text', () => ['']],
    ['a list of symbols', () => [Symbol('s')]],
    ['a list of bigints', () => [1n]],
    ['a list of NaN', () => [Number.NaN]],
    ['the id -1', () => [-1]],
    ['rows with the id -1', () => [[1, -1]]],
    ['the id 2^31', () => [2 ** 31]],
    ['half an id', () => [0.5]],
    ['ids as texts', () => ['1', '2']],
    ['rows that differ', () => [[1, 2], [3]]],
    ['a row and a number', () => [[1], 2]],
    ['rows of Int32Array', () => [Int32Array.of(1), Int32Array.of(2, 3)]],
    ['an Int32Array with -1', () => Int32Array.of(1, -1)],
    ['a row with -1', () => [Int32Array.of(-1)]],
    ['a detached row', () => [detached(Int32Array)]],
    ['an empty row', () => [new Int32Array()]],
    ['a row and none', () => [Int32Array.of(1), undefined]],
    [
      'a list that holds itself',
      () => {
        const list = []
        list.push(list)
        return list
      },
    ],
    ['a proxy of a list', () => new Proxy([1, 2], {})],
    [
      'a list whose elements throw',
      () => Object.defineProperty([1, 2], 0, { get: throwMine, enumerable: true }),
    ],
    [
      'a list that grows as it is read',
      () => {
        const list = [1, 2]
        return Object.defineProperty(list, 0, { get: () => list.push(1), enumerable: true })
      },
    ],
    [
      'a list that shrinks as it is read',
      () => {
        const list = [1, 2, 3]
        return Object.defineProperty(list, 0, {
          get: () => {
            list.length = 1
            return 1
          },
          enumerable: true,
        })
      },
    ],
  ]
}

/** What await takes for a promise. */
function thenable(then) {
  return Object.defineProperty({}, 'then', { value: then, enumerable: true })
}

/** A logits processor that is a function of scores, and does nothing as a function of others. */
function processor(change) {
  return (_, scores) => (scores instanceof Tensor ? change(scores) : scores)
}

function objects() {
  const throwing = new Proxy(
    {},
    Object.fromEntries(Object.getOwnPropertyNames(Reflect).map((trap) => [trap, throwMine])),
  )
  const revoked = () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  }
  return [
    ['an object', () => ({})],
    ['an object with a name of its own', () => ({ a: 1 })],
    ['an object with a symbol', () => ({ [Symbol('s')]: 1 })],
    ['an object without a prototype', () => Object.create(null)],
    ['a polluted prototype', () => Object.create({ bogus: 1, signal: 1, length: 3, 0: 1 })],
    ['an own __proto__', () => JSON.parse('{"__proto__":{"a":1}}')],
    ['a frozen object', () => Object.freeze({})],
    [
      'a getter that throws',
      () => ({
        get length() {
          return throwMine()
        },
        get content() {
          return throwMine()
        },
      }),
    ],
    [
      'an object that is no number',
      () => ({ valueOf: throwMine, toString: throwMine, [Symbol.toPrimitive]: throwMine }),
    ],
    ['an object that cannot be a number', () => ({ valueOf: 1, toString: 1 })],
    ['an object like a list', () => ({ length: 2, 0: 1, 1: 2 })],
    ['an object like an endless list', () => ({ length: Infinity })],
    ['a promise-like', () => thenable(throwMine)],
    ['a proxy', () => new Proxy({}, {})],
    ['a proxy that throws', () => throwing],
    ['a revoked proxy', revoked],
    ['a date', () => new Date(Number.NaN)],
    ['a map', () => new Map([[1, 1]])],
    ['a set', () => new Set([1])],
    ['an iterator that throws', () => ({ [Symbol.iterator]: throwMine })],
    ['a boxed number', () => Object(1)],
    ['a boxed text', () => Object('text')],
    ['an error', () => new Error('an error')],
    ['a buffer', () => Buffer.from('RIFF')],
    ['an ArrayBuffer', () => new ArrayBuffer(8)],
    ['a DataView', () => new DataView(new ArrayBuffer(8))],
    ['a URL', () => new URL('file:///none')],
    ['globalThis', () => globalThis],
    ['a hollow AbortSignal', () => Object.create(AbortSignal.prototype)],
    ['an aborted signal', () => AbortSignal.abort()],
    ['a signal with a reason of ours', () => AbortSignal.abort(new Mine('mine'))],
    ['a signal soon', () => AbortSignal.timeout(0)],
    ['a hollow voice', () => Object.create(Voice.prototype)],
    ['a hollow tokenizer', () => Object.create(ClvpTokenizer.prototype)],
    ['a class', () => class {}],
    ['a function that gives nothing', () => () => undefined],
    ['a function that gives a text', () => () => 'text'],
    ['an async function', () => async () => -1],
    ['a function that gives true', () => () => true],
    ['a processor that forges', () => processor(({ dims }) => forged(new Float32Array(1), dims))],
    [
      'a processor of NaN',
      () =>
        processor(
          ({ data, dims }) =>
            new Tensor(
              data.map(() => Number.NaN),
              dims,
            ),
        ),
    ],
    [
      'a processor that leaves nothing',
      () =>
        processor(
          ({ data, dims }) =>
            new Tensor(
              data.map(() => -Infinity),
              dims,
            ),
        ),
    ],
    ['a function that never answers well', () => () => thenable((_, no) => no(new Mine('mine')))],
    ['a streamer', () => ({ put: () => 5, end: () => {} })],
    ['a streamer that throws', () => ({ put: throwMine, end: throwMine })],
  ]
}

/** All of them: `[name, () => value]`, since some are used up. */
export function oddValues() {
  return [
    ...[undefined, null, true, false, 10n, -1n, 2n ** 64n].map((value) => [
      `${typeof value} ${value}`,
      () => value,
    ]),
    ['a symbol', () => Symbol('s')],
    ['a symbol without a name', () => Symbol()],
    ...[...numbers, ...notFinite].map((value) => [Object.is(value, -0) ? '-0' : String(value), () => value]),
    ...Object.entries(texts).map(([name, value]) => [name, () => value]),
    ...lists(),
    ...objects(),
    ...typedArrays(),
    ...tensors(),
  ]
}

/** Odd ways to pass options that are good. */
export function oddObjects(good, known) {
  const throwsAt = (name) =>
    Object.defineProperty({ ...good }, name, { get: throwMine, enumerable: true, configurable: true })
  return [
    ['options through a proxy', () => new Proxy({ ...good }, {})],
    ['options of a class', () => Object.assign(new (class Options {})(), good)],
    ['frozen options', () => Object.freeze({ ...good })],
    ['options without a prototype', () => Object.assign(Object.create(null), good)],
    ['inherited options', () => Object.create({ ...good, bogus: 1 })],
    [
      'options behind a polluted prototype',
      () => Object.assign(Object.create({ bogus: 1, signal: 5 }), good),
    ],
    ['an unknown option', () => ({ ...good, bogus: 1 })],
    [
      'an option __proto__',
      () => Object.defineProperty({ ...good }, '__proto__', { value: 1, enumerable: true }),
    ],
    ['an option that is a symbol', () => ({ ...good, [Symbol('s')]: 1 })],
    ['a list with options', () => Object.assign([], good)],
    ['a function with options', () => Object.assign(() => {}, good)],
    ...known.map((name) => [`a getter of ${name} that throws`, () => throwsAt(name)]),
  ]
}
