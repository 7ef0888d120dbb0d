// Pickles that would run something, are broken, or are larger than they look: refused, and nothing of them is run.
import { join } from 'node:path'
import t from 'tap'
import { dictOf, op, orderedDict, pickle, stateDict, storage, tensor, tupleOf } from '../helpers/pickle.js'
import { Refusals } from '../helpers/refusals.js'
import { torchEntries } from '../helpers/torch.js'
import { packZip } from '../helpers/zip.js'

const refusals = new Refusals(t)
const proof = join(refusals.folder, 'executed')

const eight = Buffer.alloc(8)
const two = { count: 2 }
const sound = tensor({ storage: two, shape: [2] })
/** A file around a pickle; the storage '0' has two floats. */
const file = (pickled, options) => packZip(torchEntries(pickled, [eight], options))
/** A file with a state_dict of one value. */
const holding = (value) => file(pickle(stateDict([['a', value]])))
const u32 = (value) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
const call = (module, name, ...args) => Buffer.concat([op.global(module, name), tupleOf(...args), op.reduce])
const touch = op.text(`touch ${proof}`)
const repeat = (count, bytes) => Buffer.alloc(count * bytes.length, bytes)

/** Pickles that would run something, or that ask for more than weights need. */
const programs = [
  ['os.system', holding(call('os', 'system', touch)), /"os\.system"/],
  ['posix.system', holding(call('posix', 'system', touch)), /"posix\.system"/],
  ['nt.system', holding(call('nt', 'system', touch)), /"nt\.system"/],
  ['subprocess.Popen', holding(call('subprocess', 'Popen', touch)), /"subprocess\.Popen"/],
  ['builtins.eval', holding(call('builtins', 'eval', op.text('1'))), /"builtins\.eval"/],
  ['builtins.exec', holding(call('builtins', 'exec', op.text('1'))), /"builtins\.exec"/],
  ['builtins.getattr', holding(call('builtins', 'getattr', op.text('os'))), /"builtins\.getattr"/],
  ['__builtin__.eval', holding(call('__builtin__', 'eval', op.text('1'))), /"__builtin__\.eval"/],
  ['runpy._run_code', holding(call('runpy', '_run_code', op.text('1'))), /"runpy\._run_code"/],
  ['webbrowser.open', holding(call('webbrowser', 'open', op.text('http://'))), /"webbrowser\.open"/],
  ['torch.load', holding(call('torch', 'load', op.text('x'))), /"torch\.load"/],
  ['torch.hub.load', holding(call('torch.hub', 'load', op.text('x'))), /"torch\.hub\.load"/],
  [
    'torch._utils._rebuild_tensor',
    holding(call('torch._utils', '_rebuild_tensor', touch)),
    /_rebuild_tensor"/,
  ],
  [
    'numpy scalar',
    holding(call('numpy.core.multiarray', 'scalar', touch)),
    /"numpy\.core\.multiarray\.scalar"/,
  ],
  [
    'a name with a path in it',
    holding(call('torch', '_utils.os.system', touch)),
    /"torch\._utils\.os\.system"/,
  ],
  ['a name split elsewhere', holding(call('torch._utils.x', '..system', touch)), /\.\.system"/],
  ['__proto__', holding(call('__proto__', 'constructor', touch)), /"__proto__\.constructor"/],
  ['a global as a value', holding(op.global('os', 'system')), /"os\.system"/],
  ['an allowed global as a value', holding(op.global('torch', 'FloatStorage')), /dictionary of tensors/],
  ['INST', file(pickle(op.mark, touch, Buffer.from('ios\nsystem\n'))), /INST/],
  ['OBJ', file(pickle(op.mark, touch, Buffer.from('o'))), /OBJ/],
  ['NEWOBJ', file(pickle(orderedDict, op.noArgs, Buffer.of(0x81))), /NEWOBJ/],
  ['STACK_GLOBAL', file(pickle(op.text('os'), op.text('system'), Buffer.of(0x93))), /STACK_GLOBAL/],
  ['EXT1', file(pickle(Buffer.of(0x82, 1))), /EXT1/],
  ['PERSID', file(pickle(Buffer.from('Pos\n'))), /PERSID/],
  ['a storage called', holding(call('torch', 'FloatStorage', op.int(2 ** 40))), /calls torch\.FloatStorage/],
  ['a dictionary out of pairs', holding(call('collections', 'OrderedDict', tupleOf())), /OrderedDict with 1/],
  ['a text called', holding(Buffer.concat([op.text('os.system'), tupleOf(), op.reduce])), /it calls/],
  ['a tensor called', holding(Buffer.concat([sound, tupleOf(), op.reduce])), /it calls/],
  ['BUILD on a tensor', holding(Buffer.concat([sound, op.dict, op.build])), /BUILD/],
  ['BUILD with a text', file(pickle(orderedDict, touch, op.build)), /BUILD/],
  ['a hook', holding(hooked(call('os', 'system', touch))), /"os\.system"/],
  ['a hook that is a dictionary', holding(hooked(stateDict([['x', op.int(1)]]))), /no backward hooks/],
]

function hooked(hooks) {
  const args = tupleOf(storage(two), op.int(0), tupleOf(op.int(2)), tupleOf(op.int(1)), op.false, hooks)
  return Buffer.concat([op.global('torch._utils', '_rebuild_tensor_v2'), args, op.reduce])
}

/** Pickles that are broken, or larger than they look. */
const pickles = [
  ['no pickle', file(Buffer.alloc(0)), /ends too early/],
  ['no protocol', file(Buffer.from('}.')), /protocol/],
  ['protocol 4', file(Buffer.concat([op.proto(4), op.dict, op.stop])), /protocol is 4/],
  ['no end', file(Buffer.concat([op.proto(), op.dict])), /ends too early/],
  ['an end without a value', file(pickle()), /empty stack/],
  ['two values', file(pickle(op.dict, op.dict)), /left over/],
  ['an open run', file(pickle(op.dict, op.mark, op.dict)), /left over/],
  ['bytes behind the end', file(Buffer.concat([pickle(op.dict), op.stop])), /after its end/],
  ['a list of nothing', file(pickle(op.list)), /not contain a dictionary of tensors/],
  ['an item without a list', file(pickle(op.dict, op.int(1), op.append)), /not a list/],
  ['a million items', file(pickle(op.list, repeat(100, items(1e4)))), /more than .* objects/],
  ['a list that grows', holding(grownSizes()), /sizes/],
  ['a text of 4 GB', file(pickle(Buffer.from('X'), u32(2 ** 32 - 1))), /too early/],
  ['a text that is not UTF-8', file(pickle(Buffer.from('X'), u32(1), Buffer.of(0xff))), /UTF-8/],
  ['a number of 255 bytes', file(pickle(Buffer.of(0x8a, 255))), /255 bytes/],
  ['a number beyond 2^53', file(pickle(op.int(2 ** 60))), /too large/],
  ['a memory that was never filled', file(pickle(op.get(7))), /memo 7/],
  ['a memory of nothing', file(pickle(op.put(0))), /empty stack/],
  ['a memory before a run', file(pickle(op.dict, op.mark, op.put(0))), /empty stack/],
  ['items of a text', file(pickle(op.text('a'), op.text('b'), op.int(1), op.setItem)), /not a dictionary/],
  ['a key without a value', file(pickle(op.dict, op.mark, op.text('a'), op.setItems)), /without a value/],
  ['a key that is a tuple', file(pickle(op.dict, op.noArgs, op.int(1), op.setItem)), /key is/],
  ['keys that are numbers', file(pickle(dictOf([[1, op.int(1)]]))), /dictionary of tensors.*it has "1"/],
  ['a key twice', file(pickle(stateDict([...'aa'].map((name) => [name, sound])))), /"a" .*twice/],
  ['a run that was not opened', file(pickle(op.tuple)), /mark that was not set/],
  ['a run taken apart', file(pickle(op.dict, op.mark, op.setItem)), /empty stack/],
  ['no line feed in a global', file(pickle(Buffer.from('cos'))), /too early/],
  ['a global of 1 MB', file(pickle(op.global('x'.repeat(1e6), 'y'))), /too long/],
  ['a million open runs', file(pickle(repeat(1e6, op.mark))), /nested too deeply/],
  [
    'a million tuples in each other',
    file(pickle(op.noArgs, repeat(1e6, Buffer.of(0x85)))),
    /more than .* objects/,
  ],
  ['a million values', file(pickle(repeat(1e6, op.none))), /on its stack/],
  ['eight million values', file(pickle(repeat(8e6, op.none))), /on its stack/],
  ['a pickle of 20 MB', file(repeat(2e7, op.none)), /more than 8388608/],
  [
    'a million dictionaries',
    file(pickle(repeat(1e6, Buffer.concat([op.dict, op.put(0), op.mark, Buffer.from('t')])))),
    /objects|stack/,
  ],
  ['a memory of 200,000', file(memoryBomb(2e5)), /memoizes more/],
  ['tuples that double', file(doubling(60)), /not contain a dictionary of tensors/],
  [
    'a dictionary in itself',
    holding(Buffer.concat([op.dict, op.put(0), op.text('model'), op.get(0), op.setItem])),
    /dictionary of tensors/,
  ],
  ['20,000 tensors', file(pickle(stateDict(many(20000)))), /objects|more than/],
]

function memoryBomb(count) {
  return pickle(op.dict, Buffer.concat(Array.from({ length: count }, (_, i) => op.put(i))))
}

function items(count) {
  return Buffer.concat([op.mark, repeat(count, op.int(1)), op.appends])
}

/** A tensor whose sizes are a list, which could get more items after the check. */
function grownSizes() {
  return described(Buffer.concat([op.list, op.int(2), op.append]), false)
}

/** Each tuple holds the one before twice: 2^n leaves for whoever walks them. */
function doubling(depth) {
  const step = Buffer.concat([op.put(0), op.get(0), Buffer.of(0x86)])
  return pickle(op.noArgs, repeat(depth, step))
}

function many(count) {
  return Array.from({ length: count }, (_, i) => [`t${i}`, sound])
}

const bad = (changes) => holding(tensor({ storage: two, shape: [2], ...changes }))

/** Tensors that are not within their storage. */
const tensors = [
  ['10^12 elements', bad({ shape: [1e6, 1e6] }), /beyond its storage/],
  ['10^12 elements, strides 0', bad({ shape: [1e6, 1e6], strides: [0, 0] }), /1000000000000 elements/],
  ['10^12 elements announced', bad({ storage: { count: 1e12 }, shape: [1e12] }), /8 bytes/],
  [
    '2^416 elements',
    bad({ shape: new Array(8).fill(2 ** 52), strides: new Array(8).fill(0) }),
    /beyond|elements/,
  ],
  ['nine dimensions', bad({ shape: new Array(9).fill(1) }), /sizes/],
  ['an offset past the end', bad({ offset: 1 }), /beyond/],
  ['a negative offset', bad({ offset: -1 }), /offset/],
  ['a negative size', bad({ shape: [-2] }), /sizes/],
  ['a negative stride', bad({ strides: [-1] }), /strides/],
  ['a stride past the end', bad({ strides: [2] }), /beyond/],
  ['a huge stride', bad({ strides: [2 ** 52] }), /beyond/],
  ['fewer strides than sizes', bad({ shape: [1, 2], strides: [1] }), /strides/],
  ['a text for a size', holding(described(op.text('2'))), /sizes/],
  ['a text for a storage', bad({ storage: op.text('0') }), /a storage/],
  [
    'a persistent text',
    bad({ storage: Buffer.concat([op.text('0'), op.persistent]) }),
    /reference to a storage/,
  ],
  ['a storage of an unknown type', bad({ storage: { ...two, type: 'QInt8Storage' } }), /QInt8Storage/],
  ['a storage of no type', bad({ storage: { ...two, module: 'collections', type: 'OrderedDict' } }), /type/],
  ['a storage with a path', bad({ storage: { ...two, key: '../0' } }), /key/],
  ['a storage that is not there', bad({ storage: { ...two, key: '7' } }), /no entry archive\/data\/7/],
  ['a storage that is too small', bad({ storage: { count: 3 }, shape: [3] }), /8 bytes/],
  ['a storage that is too large', bad({ storage: { count: 1 }, shape: [1] }), /8 bytes/],
  ['a storage of doubles', bad({ storage: { ...two, type: 'DoubleStorage' } }), /8 bytes/],
  ['a storage of -1 elements', bad({ storage: { count: -1 } }), /size/],
  ['a number for a tensor', holding(op.int(1)), /dictionary of tensors.*where it has "a"/],
  ['a dictionary for a tensor', holding(orderedDict), /state_dict/],
  ['a number for all', file(pickle(op.int(1))), /not contain a dictionary/],
  [
    'a parameter of a number',
    holding(call('torch._utils', '_rebuild_parameter', op.int(1), op.true, orderedDict)),
    /parameter/,
  ],
]

function described(size, isOne = true) {
  const sizes = isOne ? tupleOf(size) : size
  const args = tupleOf(storage(two), op.int(0), sizes, tupleOf(op.int(1)), op.false, orderedDict)
  return Buffer.concat([op.global('torch._utils', '_rebuild_tensor_v2'), args, op.reduce])
}

for (const [kind, cases] of Object.entries({ programs, pickles, tensors })) {
  t.test(kind, async (t) => {
    for (const each of cases) await refusals.refuse(t, each)
  })
}

t.test('nothing was run, and nothing written', (t) => {
  refusals.checkTraces(t)
  t.end()
})
