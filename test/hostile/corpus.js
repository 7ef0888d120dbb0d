/**
 * Hostile model files, each wrong in one way within an otherwise sound and complete model, and the error each must get.
 *
 * A case is `[name, bytes, message, code]`; the code is CLVP_MODEL_FORMAT unless it is given. CLVP_UNSUPPORTED is for
 * what a sound model could have, but this build does not run: an activation, a way to sum up, a width.
 */
import { bytesOf, readGguf, text, types, u32, u64, writeGguf } from './gguf.js'

const UNSUPPORTED = 'CLVP_UNSUPPORTED'

/** GGML's numbers of types that the cases need: of weights, of whole numbers, and some that no model has. */
const ggml = {
  f32: 0,
  f16: 1,
  q4_0: 2,
  removed: 4,
  q8_0: 8,
  q8_1: 9,
  q4_k: 12,
  iq2_xxs: 16,
  i8: 24,
  i32: 26,
  i64: 27,
  f64: 28,
  beyond: 999,
}

const most = { u32: 2 ** 32 - 1, i32: 2 ** 31 - 1, u64: 2n ** 64n - 1n, i64: 2n ** 63n - 1n }
const least = { i32: -(2 ** 31), i64: -(2n ** 63n) }
const mebibyte = 2 ** 20

// --- files changed ------------------------------------------------------------------------------------------

/** The bytes of a file after a change to its parts. */
export function changed(sound, change) {
  const file = readGguf(sound)
  return writeGguf({ ...file, ...change(file) })
}

export function find(list, name) {
  const found = list.find((each) => each.name === name)
  if (!found) throw new Error(`the sound file has no ${name}`)
  return found
}

function without(list, name) {
  find(list, name)
  return list.filter((each) => each.name !== name)
}

/** With a key's type and value changed; a key that is not there is added. */
export function withKey(sound, name, type, value) {
  return changed(sound, ({ keys }) => ({
    keys: [...keys.filter((key) => key.name !== name), { name, type, value }],
  }))
}

/** With several keys' values changed. */
export function withValues(sound, values) {
  return changed(sound, ({ keys }) => ({
    keys: keys.map((key) => ({ ...key, value: values[key.name] ?? key.value })),
  }))
}

export const withoutKey = (sound, name) => changed(sound, ({ keys }) => ({ keys: without(keys, name) }))
const withoutTensor = (sound, name) => changed(sound, ({ tensors }) => ({ tensors: without(tensors, name) }))

/** With one more key before all others, given as its bytes. */
const withRawKey = (sound, ...parts) =>
  changed(sound, ({ keys }) => ({ keys: [Buffer.concat(parts), ...keys] }))

/** With one more tensor behind all others. */
const withTensor = (sound, tensor) => changed(sound, ({ tensors }) => ({ tensors: [...tensors, tensor] }))

/** With a tensor's entry changed, by a function or to what is given. */
function withEntry(sound, name, change) {
  return changed(sound, ({ tensors }) => ({
    tensors: tensors.map((tensor) => {
      if (tensor.name !== name) return tensor
      return { ...tensor, ...(typeof change === 'function' ? change(tensor) : change) }
    }),
  }))
}

/** With a tensor of other dimensions, whose data is there, behind all else. */
function resized(sound, name, dims) {
  return changed(sound, ({ tensors, data, alignment }) => ({
    tensors: tensors.map((tensor) =>
      tensor.name === name ? { ...tensor, dims, offset: BigInt(padded(data.length, alignment)) } : tensor,
    ),
    data: extended(data, alignment, Buffer.alloc(Number(bytesOf({ dims })))),
  }))
}

/** With one more tensor whose data is there. */
function withWholeTensor(sound, tensor, bytes) {
  return changed(sound, ({ tensors, data, alignment }) => ({
    tensors: [...tensors, { ...tensor, offset: BigInt(padded(data.length, alignment)) }],
    data: extended(data, alignment, bytes),
  }))
}

const padded = (length, alignment) => Math.ceil(length / alignment) * alignment

function extended(data, alignment, bytes) {
  return Buffer.concat([data, Buffer.alloc(padded(data.length, alignment) - data.length), bytes])
}

// --- messages -----------------------------------------------------------------------------------------------

/** A message that names a key or tensor, and not only one whose name begins or ends so; `rest` is behind the name. */
export function naming(name, rest = '') {
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`(?<![\\w.])${escaped}(?!\\.?\\w).*${rest}`, 's')
}

const ends = /the file ends within its header/
/** Of a hostile key or tensor that a case adds. */
const hostile = 'hostile.one'

// --- the preamble -------------------------------------------------------------------------------------------

function* preambles(sound) {
  const file = readGguf(sound)
  const made = (change) => writeGguf({ ...file, ...change })
  const [firstKey, lastKey] = [file.keys.at(0), file.keys.at(-1)]
  const [firstTensor, lastTensor] = [file.tensors.at(0), file.tensors.at(-1)]
  yield ['no byte', Buffer.alloc(0), ends]
  yield ['three bytes', sound.subarray(0, 3), ends]
  yield ['the magic alone', sound.subarray(0, 4), ends]
  yield ['a preamble cut by a byte', sound.subarray(0, 23), ends]
  for (const magic of ['GGML', 'FUGG', 'gguf', '\0\0\0\0'])
    yield [`the magic ${JSON.stringify(magic)}`, made({ magic }), /does not start with 'GGUF'/]
  for (const version of [0, 1, 4, most.u32])
    yield [`version ${version}`, made({ version }), new RegExp(`version ${version} is neither 2 nor 3`)]
  yield ['big-endian', made({ version: 0x03000000 }), /big-endian/]
  for (const count of [most.u64, 2n ** 63n, 8193n])
    yield [`${count} tensors`, made({ tensorCount: count }), new RegExp(`${count} tensors.* exceed`)]
  for (const count of [most.u64, 2n ** 63n, 4097n])
    yield [`${count} keys`, made({ keyCount: count }), new RegExp(`${count} keys.* exceed`)]
  yield ['2^63 of both', made({ tensorCount: 2n ** 63n, keyCount: 2n ** 63n }), /exceed/]
  yield ['8192 tensors', made({ tensorCount: 8192 }), /tensor/]
  yield ['4096 keys', made({ keyCount: 4096 }), /key|tensor|string|header/]
  yield ['a tensor more than there are', made({ tensorCount: file.tensors.length + 1 }), /a tensor's name/]
  yield ['a tensor fewer', made({ tensorCount: file.tensors.length - 1 }), naming(lastTensor.name, 'missing')]
  yield ['no tensors counted', made({ tensorCount: 0 }), /tensor .* is missing/]
  yield ['no tensors', made({ tensors: [] }), /tensor .* is missing/]
  yield ['a key more than there are', made({ keyCount: file.keys.length + 1 }), /a tensor's name/]
  yield ['a key fewer', made({ keyCount: file.keys.length - 1 }), naming(lastKey.name, 'dimensions')]
  yield ['no keys counted', made({ keyCount: 0 }), naming(firstKey.name, 'dimensions')]
  yield ['no keys', made({ keys: [] }), naming('general.architecture', 'missing')]
  yield ['only tensors', made({ keys: [], data: Buffer.alloc(0) }), naming(firstTensor.name, 'past the end')]
}

/** Cut within the header, at its end, and within the data. */
function* cuts(sound) {
  const { data, tensors } = readGguf(sound)
  const header = sound.length - data.length
  for (let eighth = 1; eighth < 8; eighth++)
    yield [`cut at ${eighth}/8 of the header`, sound.subarray(0, (header * eighth) >> 3), ends]
  yield ['cut where the data begins', sound.subarray(0, header), /past the end of the file/]
  yield ['cut in the middle', sound.subarray(0, sound.length >> 1), /past the end of the file/]
  const { name, offset, dims } = tensors.at(-1)
  const end = header + Number(offset + bytesOf({ dims }))
  yield ['cut by the last byte', sound.subarray(0, end - 1), naming(name, 'past the end of the file')]
}

// --- keys as the format has them ----------------------------------------------------------------------------

function* keyNames(sound) {
  const one = (name) => withKey(sound, name, types.u8, 0)
  const long = (n) => new RegExp(`a key of ${n} bytes is longer than 256`)
  yield ['a key of 2^60 bytes', withRawKey(sound, u64(2n ** 60n)), long(2n ** 60n)]
  yield ['a key of 2^64-1 bytes', withRawKey(sound, u64(most.u64)), long(most.u64)]
  yield ['a key of 257 bytes', one('k'.repeat(257)), long(257)]
  yield ['a key without a name', one(''), /a key is empty/]
  for (const name of ['a\0b', 'a\x1b[31m', 'a b', 'a\n', 'a\x7f', 'a\xff'])
    yield [`a key called ${JSON.stringify(name)}`, one(name), /a key .* not printable ASCII/]
  for (const name of ['general.architecture', 'clvp.type', 'clvp.decoder.head_count']) {
    const twice = changed(sound, ({ keys }) => ({ keys: [...keys, find(keys, name)] }))
    yield [`${name} twice`, twice, naming(name, 'twice')]
  }
}

function* values(sound) {
  const holding = (type, value) => withKey(sound, hostile, type, value)
  for (const type of [13, 255, most.u32])
    yield [`type ${type}`, holding(type, Buffer.alloc(8)), naming(hostile, 'unknown type')]
  for (const value of [2, 255])
    yield [`a bool of ${value}`, holding(types.bool, value), naming(hostile, 'bool')]
  for (const length of [most.u64, 2n ** 63n, 2n ** 60n, BigInt(mebibyte + 1)])
    yield [`a string of ${length} bytes`, holding(types.string, u64(length)), naming(hostile, `${length}`)]
  yield ['a string past the end', withRawKey(sound, text(hostile), u32(8), u64(mebibyte)), ends]
  const long = holding(types.string, 'x'.repeat(mebibyte + 1))
  yield ['a string over 1 MiB that is there', long, naming(hostile, 'longer')]
  for (const [type, value] of [
    ['u64', 2n ** 32n],
    ['u64', most.u64],
    ['i64', 2n ** 31n],
    ['i64', -(2n ** 31n) - 1n],
    ['i64', least.i64],
    ['f64', 1e300],
    ['f64', -1e39],
  ])
    yield [`a ${type} of ${value}`, holding(types[type], value), naming(hostile, 'does not fit')]
}

function* arrays(sound) {
  const holding = (type, items, count) => withKey(sound, hostile, types.array, { type, items, count })
  const nested = { type: types.array, items: [{ type: types.u8, items: [1] }] }
  yield ['an array of arrays', withKey(sound, hostile, types.array, nested), naming(hostile, 'array')]
  const deep = Buffer.concat(Array.from({ length: 10000 }, () => [u32(types.array), u64(1)]).flat())
  yield ['10,000 arrays in each other', withKey(sound, hostile, types.array, deep), naming(hostile, 'array')]
  yield ['an array of bools', holding(types.bool, [1]), naming(hostile, 'array')]
  for (const type of [13, 99, most.u32]) {
    const unknown = Buffer.concat([u32(type), u64(1), u64(0)])
    yield [
      `an array of type ${type}`,
      withKey(sound, hostile, types.array, unknown),
      naming(hostile, 'array'),
    ]
  }
  for (const [type, count] of [
    ['i32', 2n ** 62n],
    ['string', 2n ** 61n],
    ['f64', most.u64],
  ])
    yield [`an array of ${count} ${type}`, holding(types[type], [], count), naming(hostile, 'overflow')]
  for (const [type, count] of [
    ['u8', most.u64],
    ['u8', 2n ** 63n],
    ['i32', 2n ** 40n],
    ['string', 2n ** 60n],
  ])
    yield [`an array of ${count} ${type}`, holding(types[type], [], count), ends]
  const empties = holding(types.string, [Buffer.alloc(8 * 2 * mebibyte)], 2 * mebibyte)
  yield ['two million empty strings', empties, /the header takes more than/]
  yield [
    'a string of 2^64-1 in an array',
    holding(types.string, [u64(most.u64)]),
    naming(hostile, `${most.u64}`),
  ]
  for (const [type, value] of [
    ['u32', most.u32],
    ['u64', most.u64],
    ['i64', least.i64],
    ['f64', 1e300],
  ])
    yield [
      `an array with a ${type} of ${value}`,
      holding(types[type], [value]),
      naming(hostile, 'does not fit'),
    ]
}

function* alignments(sound) {
  const message = naming('general.alignment', 'power of two')
  const holding = (type, value) => withKey(sound, 'general.alignment', types[type], value)
  for (const value of [0, 1, 4, 24, 33, 2 ** 17, 2 ** 30, 2 ** 31, most.u32])
    yield [`an alignment of ${value}`, holding('u32', value), message]
  for (const [type, value] of [
    ['i32', 32],
    ['i32', least.i32],
    ['f32', 32],
    ['bool', 1],
    ['string', '32'],
    ['array', { type: types.u32, items: [32] }],
  ])
    yield [`an alignment as ${type}`, holding(type, value), message]
  yield ['an alignment of 2^64-1', holding('u64', most.u64), naming('general.alignment')]
  yield [
    'an alignment that the tensors do not have',
    holding('u32', 65536),
    /tensor .* is not aligned to 65536/,
  ]
}

// --- tensors as the format has them -------------------------------------------------------------------------

function* tensorNames(sound) {
  const called = (name) => withTensor(sound, { name, dims: [1n], type: ggml.f32, offset: 0n })
  const long = (n) => new RegExp(`a tensor's name of ${n} bytes is longer than 63`)
  yield ['a tensor without a name', called(''), /a tensor's name is empty/]
  yield ['a tensor name of 64 bytes', called('t'.repeat(64)), long(64)]
  yield ['a tensor name of 2^64-1 bytes', called(u64(most.u64)), long(most.u64)]
  for (const name of ['a\nb', 'a\0', ' ', 'a\x9b'])
    yield [`a tensor called ${JSON.stringify(name)}`, called(name), /a tensor's name .* not printable ASCII/]
}

function* shapes(sound) {
  const shaped = (dims, type = ggml.f32, rank) =>
    withTensor(sound, { name: hostile, dims, type, offset: 0n, rank })
  for (const rank of [0, 5, 8, most.u32]) {
    const dims = Array.from({ length: Math.min(rank, 8) }, () => 1n)
    yield [`${rank} dimensions`, shaped(dims, ggml.f32, rank), naming(hostile, 'dimensions')]
  }
  for (const dims of [[0n], [4n, 0n], [4n, 4n, 4n, 0n], [-1n], [-1n, -1n], [2n ** 63n]])
    yield [`dimensions ${dims}`, shaped(dims), naming(hostile, 'a dimension of')]
  for (const [type, ...dims] of [
    ['f32', most.i64, 2n],
    ['f32', 2n ** 32n, 2n ** 32n],
    ['f32', 2n ** 62n],
    ['f32', 2n ** 16n, 2n ** 16n, 2n ** 16n, 2n ** 16n],
    ['f16', 2n ** 32n, 2n ** 31n],
    ['f16', 2n ** 62n],
    ['f32', most.i64],
    ['q8_0', 2n ** 63n - 32n, 2n],
  ])
    yield [`${type} of ${dims.join(' x ')}`, shaped(dims, ggml[type]), naming(hostile)]
  for (const [type, ...dims] of [
    ['f32', 2n ** 48n],
    ['f32', 2n ** 61n - 8n],
    ['q4_0', 5124095576030431008n],
    ['q8_0', 2n ** 62n],
  ])
    yield [`${type} of ${dims}`, shaped(dims, ggml[type]), naming(hostile, 'past the end')]
  for (const type of ['removed', 'q8_1', 'iq2_xxs', 'i8', 'i32', 'i64', 'f64', 'beyond'])
    yield [`a tensor of ${type}`, shaped([256n], ggml[type]), naming(hostile, 'not a weight type')]
  for (const type of [2 ** 31, most.u32])
    yield [`a tensor of type ${type}`, shaped([256n], type), naming(hostile, 'not a weight type')]
  for (const [type, width] of [
    ['q8_0', 33n],
    ['q4_0', 31n],
    ['q4_k', 32n],
  ])
    yield [`${type} rows of ${width}`, shaped([width], ggml[type]), naming(hostile, 'do not fill')]
}

// --- the model's keys ---------------------------------------------------------------------------------------

/** Keys that a load does not need. */
const optional = /^(clvp\.(checksum|source)\..*|clvp\.mel\.norms|clvp\.positions|general\.name)$/
/** Keys that it does not even look at, or whose other types it passes over. */
const unread = /^clvp\.(checksum|source)\./
/** Numbers that may be 0: ids, epsilons, and counts of blocks, whose tensors are then too many. */
const mayBeZero = /(_token_id|epsilon|block_count)$/

export function* modelKeys(sound, isMeant = () => true) {
  for (const key of readGguf(sound).keys) {
    const { name, type } = key
    if (!isMeant(name)) continue
    if (!optional.test(name)) yield [`${name} missing`, withoutKey(sound, name), naming(name)]
    if (unread.test(name)) continue
    yield* wrongTypes(sound, key)
    if (type === types.u32) yield* wrongSizes(sound, key)
    if (type === types.i32) yield* wrongIds(sound, key)
    if (type === types.f32) yield* wrongReals(sound, key)
    if (type === types.bool) yield [`${name} 2`, withKey(sound, name, type, 2), naming(name, 'bool')]
  }
}

/** One of each type that a value can have; the numbers are 1, which every range allows. */
const samples = {
  u32: 1,
  i32: 1,
  f32: 1,
  bool: 1,
  string: 'one',
  i32s: { type: types.i32, items: [1] },
  f32s: { type: types.f32, items: [1] },
  strings: { type: types.string, items: ['one'] },
}

/** What type a sample or key is of, with an array's items. */
function typeName({ type, value }) {
  const nameOf = (number) => Object.keys(types).find((name) => types[name] === number)
  return type === types.array ? `${nameOf(value.type)}s` : nameOf(type)
}

function* wrongTypes(sound, key) {
  for (const [typed, value] of Object.entries(samples)) {
    if (typed === typeName(key)) continue
    const type = types[typed] ?? types.array
    yield [`${key.name} as ${typed}`, withKey(sound, key.name, type, value), naming(key.name)]
  }
}

function* wrongSizes(sound, { name }) {
  const holding = (type, value) => withKey(sound, name, types[type], value)
  const cases = [
    ['u32', most.u32],
    ['i32', -1],
    ['u64', most.u64],
    ['i64', -1n],
    ['f32', Number.NaN],
    ['f32', Number.POSITIVE_INFINITY],
  ]
  if (!mayBeZero.test(name)) cases.push(['u32', 0])
  for (const [type, value] of cases) yield [`${name} ${type} ${value}`, holding(type, value), naming(name)]
}

function* wrongIds(sound, { name }) {
  for (const [type, value] of [
    ['i32', -1],
    ['i32', most.i32],
    ['i32', least.i32],
    ['i64', most.i64],
    ['u32', most.u32],
    ['f32', Number.NaN],
  ])
    yield [`${name} ${type} ${value}`, withKey(sound, name, types[type], value), naming(name)]
}

function* wrongReals(sound, { name }) {
  for (const [type, value] of [
    ['f32', Number.NaN],
    ['f32', Number.POSITIVE_INFINITY],
    ['f32', Number.NEGATIVE_INFINITY],
    ['f32', 3.4028234663852886e38],
    ['f32', -1e-9],
    ['f64', Number.NaN],
    ['f64', Number.MAX_VALUE],
  ])
    yield [`${name} ${type} ${value}`, withKey(sound, name, types[type], value), naming(name)]
}

function* lists(sound) {
  const codes = (name, type, ...items) => withKey(sound, name, types.array, { type, items })
  const fixing = 'clvp.decoder.fixing_codes'
  for (const items of [[], [-1], [most.i32], [1, 2, least.i32]])
    yield [`${fixing} [${items}]`, codes(fixing, types.i32, ...items), naming(fixing)]
  yield [`${fixing} [u32 2^32-1]`, codes(fixing, types.u32, most.u32), naming(fixing)]
  const norms = 'clvp.mel.norms'
  const { value } = find(readGguf(sound).keys, norms)
  for (const norm of [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    const items = [...value.items.slice(1), norm]
    yield [
      `${norms} with ${Object.is(norm, -0) ? '-0' : norm}`,
      codes(norms, types.f32, ...items),
      naming(norms),
    ]
  }
  yield [`${norms}: one`, codes(norms, types.f32, 1), naming(norms)]
  yield [`${norms}: one too many`, codes(norms, types.f32, ...value.items, 1), naming(norms)]
  yield [`${norms} as strings`, codes(norms, types.string, ...value.items.map(String)), naming(norms)]
}

/** What a terminal would obey: no message may hand it on. */
const escapes = '\x1b[31mred\x07\n'

function* words(sound) {
  const architecture = 'general.architecture'
  for (const word of ['bert', '', 'CLVP', 'clvp\0', 'clvp2', escapes, 'x'.repeat(5000)])
    yield [
      `${architecture} ${JSON.stringify(word.slice(0, 9))}`,
      withKey(sound, architecture, types.string, word),
      naming(architecture),
    ]
  for (const word of ['', 'Q8 0', 'f32\0', escapes, 'x'.repeat(33)])
    yield [
      `clvp.type ${JSON.stringify(word.slice(0, 9))}`,
      withKey(sound, 'clvp.type', types.string, word),
      naming('clvp.type'),
    ]
  for (const name of ['clvp.decoder.activation', 'clvp.text.activation', 'clvp.speech.activation'])
    for (const word of ['softmax', '', 'GELU', 'gelu\0', 'prelu', '%s%n', escapes, 'x'.repeat(5000)])
      yield [
        `${name} ${JSON.stringify(word.slice(0, 9))}`,
        withKey(sound, name, types.string, word),
        naming(name),
        UNSUPPORTED,
      ]
  for (const name of ['clvp.text.summary', 'clvp.speech.summary'])
    for (const word of ['median', '', 'attn', escapes])
      yield [
        `${name} ${JSON.stringify(word)}`,
        withKey(sound, name, types.string, word),
        naming(name),
        UNSUPPORTED,
      ]
}

/** Values that are in range, but do not go with each other or with the tensors: the message names one that is in it. */
function* relations(sound) {
  const { keys } = readGguf(sound)
  const was = (name) => find(keys, name).value
  const set = (values) => withValues(sound, values)
  for (const [name, value] of [
    ['clvp.format_version', 2],
    ['clvp.decoder.head_count', 3],
    ['clvp.text.head_count', 2],
    ['clvp.speech.head_count', 3],
  ])
    yield [`${name} ${value}`, set({ [name]: value }), naming(name)]
  yield [
    'heads narrower than their rotation',
    set({ 'clvp.speech.head_count': 64 }),
    naming('clvp.speech.head_count'),
  ]
  for (const width of [1, 2, 7])
    yield [
      `a width of ${width}, for which there is no group norm`,
      set({ 'clvp.decoder.embedding_length': width }),
      naming('clvp.decoder.embedding_length'),
      UNSUPPORTED,
    ]
  const projection = 'clvp.text.projection_length'
  yield ['projections of two lengths', set({ [projection]: was(projection) + 1 }), naming(projection)]
  const clips = { 'clvp.mel.sample_rate': 384000, 'clvp.mel.hop_length': 1, 'clvp.mel.seconds': 600 }
  yield ['clips of 18 billion levels', set(clips), /clvp\.mel\.(hop_length|seconds|sample_rate)/]
  for (const [name, pattern] of [
    ['clvp.decoder.vocab_size', 'dec\\.'],
    ['clvp.decoder.position_count', 'dec\\.pos_embd'],
    ['clvp.decoder.text_position_count', 'cond\\.text_pos'],
    ['clvp.decoder.feed_forward_length', 'dec\\.blk\\.0\\.ffn'],
    ['clvp.text.vocab_size', 'text_embd|text\\.token_embd'],
    ['clvp.text.feed_forward_length', 'text\\.blk\\.0\\.ffn'],
    ['clvp.speech.vocab_size', 'speech\\.token_embd'],
    ['clvp.speech.feed_forward_length', 'speech\\.blk\\.0\\.ffn'],
  ])
    yield [`${name} + 1`, set({ [name]: was(name) + 1 }), new RegExp(`tensor .*(${pattern}).* shape`)]
  for (const [name, tensors] of [
    ['clvp.decoder.block_count', 'dec'],
    ['clvp.decoder.conditioning_block_count', 'cond'],
    ['clvp.text.block_count', 'text'],
    ['clvp.speech.block_count', 'speech'],
  ]) {
    const [more, none] = [was(name) + 1, `${tensors}\\.blk\\.0\\..* is not part of this model`]
    yield [`${name} 0`, set({ [name]: 0 }), new RegExp(`tensor ${none}`)]
    yield [`${name} ${more}`, set({ [name]: more }), new RegExp(`tensor ${tensors}\\.blk\\.${more - 1}\\.`)]
    yield [`${name} 1024`, set({ [name]: 1024 }), new RegExp(`tensor ${tensors}\\.blk\\.${more - 1}\\.`)]
  }
  for (const tower of ['decoder', 'text', 'speech']) {
    const name = `clvp.${tower}.attention_bias`
    const bias = set({ [name]: 1 - was(name) })
    yield [`${name} the other way`, bias, /tensor \S*attn_qkv\.bias is (missing|not part)/]
  }
}

// --- the model's tensors ------------------------------------------------------------------------------------

/** Matrices and embeddings may be of any weight's type; all other tensors must be F32. */
const hasAnyType = ({ name }) =>
  /(attn_qkv|attn_out|ffn_up|ffn_down|lm_head|proj|text_embd|token_embd)\.weight$/.test(name)

export function* modelTensors(sound, isMeant = () => true) {
  const file = readGguf(sound)
  for (const [i, tensor] of file.tensors.entries()) {
    if (!isMeant(tensor.name)) continue
    yield* presence(sound, tensor)
    yield* sizes(sound, tensor)
    yield* weightTypes(sound, tensor)
    const other = file.tensors[i === 0 ? 1 : i - 1]
    yield* places(sound, tensor, other)
  }
}

function* presence(sound, tensor) {
  const { name, dims } = tensor
  const another = `${name}.x`
  yield [`${name} missing`, withoutTensor(sound, name), naming(name, 'is missing')]
  yield [`${name} renamed`, withEntry(sound, name, { name: `x.${name}` }), naming(name, 'is missing')]
  yield [`${name} twice`, withTensor(sound, tensor), naming(name, 'twice')]
  const whole = withWholeTensor(sound, { ...tensor, name: another }, Buffer.alloc(Number(bytesOf({ dims }))))
  yield [`${another} besides`, whole, naming(another, 'not part of this model')]
}

function* sizes(sound, { name, dims }) {
  const wrong = naming(name, 'has the shape')
  const [rows, last] = [dims.slice(0, -1), dims.at(-1)]
  const transposed = dims.length === 1 ? [1n, last] : [...dims].reverse()
  if (`${transposed}` !== `${dims}` && last > 1n)
    yield [`${name} transposed`, resized(sound, name, transposed), wrong]
  yield [`${name} with a row more`, resized(sound, name, [...rows, last + 1n]), wrong]
  const fewer = last > 1n ? wrong : naming(name, 'a dimension of 0')
  yield [`${name} with a row less`, resized(sound, name, [...rows, last - 1n]), fewer]
  yield [`${name} with a third dimension`, resized(sound, name, [...dims, 1n, 2n].slice(-4)), wrong]
}

function* weightTypes(sound, tensor) {
  const { name, dims } = tensor
  const [width, ...rest] = dims
  const retyped = (type, other = dims) => withEntry(sound, name, { type: ggml[type], dims: other })
  yield [`${name} as i32`, retyped('i32'), naming(name, 'not a weight type')]
  yield [
    `${name} as f16 of as many bytes`,
    retyped('f16', [2n * width, ...rest]),
    naming(name, 'has the shape'),
  ]
  yield [`${name} as q4_k`, retyped('q4_k'), naming(name, 'do not fill')]
  if (!hasAnyType(tensor)) yield [`${name} as f16`, retyped('f16'), naming(name, 'expected f32')]
}

function* places(sound, tensor, other) {
  const { name } = tensor
  const at = (offset) => withEntry(sound, name, { offset })
  const { data } = readGguf(sound)
  yield [`${name} past the end`, at(BigInt(padded(data.length, 32))), naming(name, 'past the end')]
  yield [`${name} at 2^63`, at(2n ** 63n), naming(name, 'past the end')]
  yield [`${name} at 2^64-32`, at(2n ** 64n - 32n), naming(name)]
  yield [`${name} between alignments`, at(tensor.offset + 4n), naming(name, 'not aligned')]
  yield [`${name} over ${other.name}`, at(other.offset), naming(name, 'overlap')]
}

// --- what the tensors and texts hold -------------------------------------------------------------------------

/** With a tensor's first number changed. */
export function starting(sound, name, value) {
  return changed(sound, ({ tensors, data }) => {
    const copy = Buffer.from(data)
    copy.writeFloatLE(value, Number(find(tensors, name).offset))
    return { data: copy }
  })
}

function* contents(sound) {
  for (const { name } of readGguf(sound).tensors)
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      yield [`${name} with ${value}`, starting(sound, name, value), naming(name, 'NaN or infinite')]
}

function* codebooks(sound) {
  const name = 'codebook.weight'
  const { keys } = readGguf(sound)
  const row = 4 * find(keys, 'clvp.mel.channel_count').value
  const codes = find(keys, 'clvp.speech.vocab_size').value
  const book = (dims, { type = ggml.f32, value = 0 } = {}) => {
    const count = dims.reduce((product, dim) => product * dim, 1)
    const bytes = Buffer.from(
      Float32Array.from({ length: count }, (_, i) => (i === count - 1 ? value : 0)).buffer,
    )
    return withWholeTensor(sound, { name, dims: dims.map(BigInt), type }, bytes)
  }
  for (const dims of [[row], [row, codes + 1], [row + 1, 2], [2, row], [row, 2, 2], [row, 2, 1]])
    yield [`a codebook of ${dims.join(' x ')}`, book(dims), naming(name, 'has the shape')]
  yield ['a codebook of q8_0', book([row, 2], { type: ggml.q8_0 }), naming(name, 'expected f32 or f16')]
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY])
    yield [`a codebook with ${value}`, book([row, 2], { value }), naming(name, 'NaN or infinite')]
  for (const value of [81, -1e30])
    yield [`a codebook with ${value}`, book([row, 2], { value }), naming(name, 'holds')]
}

function* texts(sound) {
  const { keys } = readGguf(sound)
  const [tokens, merges] = ['clvp.tokenizer.tokens', 'clvp.tokenizer.merges']
  const strings = (name, items) => withKey(sound, name, types.array, { type: types.string, items })
  const known = find(keys, tokens).value.items
  const many = Array.from({ length: find(keys, 'clvp.text.vocab_size').value + 1 }, (_, i) => `t${i}`)
  yield ['no tokens', strings(tokens, []), /vocabulary holds no tokens/]
  yield ['only empty tokens', strings(tokens, ['', '']), /vocabulary holds no tokens/]
  yield ['more tokens than embeddings', strings(tokens, many), /The vocabulary has \d+ tokens/]
  yield ['a token twice', strings(tokens, [...known.slice(0, -1), known[0]]), /has the token .* twice/]
  yield ['tokens without an array', withKey(sound, tokens, types.string, known.join(' ')), naming(tokens)]
  for (const merge of ['', ' ', 'a', 'a b c', ' a'])
    yield [`the merge '${merge}'`, strings(merges, ['e t', merge]), /merges\[1\] is .* two parts/]
  const config = 'clvp.source.tokenizer_config'
  for (const value of ['', '{', '{"a": 1e}', 'null', '5', '"text"', '['.repeat(1e5), '{"unk_token": ""}'])
    yield [`${config} ${value.slice(0, 20)}`, withKey(sound, config, types.string, value), naming(config)]
  const generation = 'clvp.source.generation_config'
  const sampling = (value) => `{"do_sample": true, ${value}}`
  for (const value of [
    '{',
    '['.repeat(1e5),
    sampling('"temperature": -1'),
    sampling('"temperature": 1e999'),
    sampling('"top_k": 1.5'),
    sampling('"top_p": "all"'),
    sampling('"typical_p": 0'),
    sampling('"repetition_penalty": {}'),
  ])
    yield [
      `${generation} ${value.slice(0, 50)}`,
      withKey(sound, generation, types.string, value),
      /generation_config/,
    ]
}

// --- all of them --------------------------------------------------------------------------------------------

/** The groups of the corpus, each with a generator of its cases. */
const groups = {
  preambles,
  cuts,
  keyNames,
  values,
  arrays,
  alignments,
  tensorNames,
  shapes,
  modelKeys,
  lists,
  words,
  relations,
  modelTensors,
  contents,
  codebooks,
  texts,
}

/**
 * Every hostile file made of a sound one, one at a time.
 *
 * @param sound the bytes of a complete model file without a codebook, all of whose tensors are F32
 * @yields `{ group, name, bytes, code, message }`
 */
export function* corpus(sound) {
  for (const [group, cases] of Object.entries(groups))
    for (const [name, bytes, message, code = 'CLVP_MODEL_FORMAT'] of cases(sound))
      yield { group, name, bytes, code, message }
}

/** Files that look odd and must load: what the format allows, and what docs/model-format.md says is passed over. */
export function* accepted(sound) {
  const file = readGguf(sound)
  yield { name: 'the sound file', bytes: sound }
  yield { name: 'version 2', bytes: writeGguf({ ...file, version: 2 }) }
  yield { name: 'keys in another order', bytes: writeGguf({ ...file, keys: [...file.keys].reverse() }) }
  yield {
    name: 'tensors in another order',
    bytes: writeGguf({ ...file, tensors: [...file.tensors].reverse() }),
  }
  yield { name: 'bytes behind the end', bytes: Buffer.concat([sound, Buffer.alloc(1000, 0xff)]) }
  for (const alignment of [8, 16]) {
    const keys = [...file.keys, { name: 'general.alignment', type: types.u32, value: alignment }]
    yield { name: `an alignment of ${alignment}`, bytes: writeGguf({ ...file, keys, alignment }) }
  }
  for (const [type, value] of Object.entries(samples))
    yield { name: `a key more of ${type}`, bytes: withKey(sound, hostile, types[type] ?? types.array, value) }
  for (const name of ['__proto__', 'constructor', 'k'.repeat(256)])
    yield {
      name: `a key called ${name.slice(0, 20)}`,
      bytes: withKey(sound, name, types.array, samples.strings),
    }
  for (const { name, type, value } of file.keys) {
    if (optional.test(name)) yield { name: `${name} missing`, bytes: withoutKey(sound, name) }
    if (unread.test(name)) yield { name: `${name} as u32`, bytes: withKey(sound, name, types.u32, 1) }
    if (type === types.u32)
      yield { name: `${name} as u64`, bytes: withKey(sound, name, types.u64, BigInt(value)) }
  }
  for (const length of [2, 3, 65521, 65536])
    yield { name: `an FFT of ${length}`, bytes: withValues(sound, { 'clvp.mel.fft_length': length }) }
  yield {
    name: 'a vector of two dimensions',
    bytes: withEntry(sound, 'dec.norm.bias', ({ dims }) => ({ dims: [...dims, 1n] })),
  }
}

// --- advisories ---------------------------------------------------------------------------------------------

/** With the last tensors of the file replaced: as many of its entries as are given, with their names kept. */
function withLast(sound, ...entries) {
  return changed(sound, ({ tensors }) => ({
    tensors: tensors.map((tensor, i) => ({ ...tensor, ...entries[i - tensors.length + entries.length] })),
  }))
}

/** The names of a model's last tensors. */
const [thirdLast, secondLast, last] = ['speech.norm.weight', 'speech.norm.bias', 'speech.proj.weight']

const offsetOf = (sound, name) => find(readGguf(sound).tensors, name).offset

/** The least count of things of so many bytes whose size is too much for 64 bits. */
const wrapping = (size) => 2n ** 64n / size + 1n

/** Shapes of published advisories on readers of GGUF, each within a sound model, which `make` is given. */
export const advisories = [
  {
    id: 'CVE-2025-53630',
    also: 'GHSA-vgg9-87g3-85w8',
    what: 'three tensors of 2^63-32 bytes, whose padded sizes add up beyond 64 bits',
    make(sound) {
      const start = offsetOf(sound, thirdLast)
      const size = 2n ** 63n - 32n
      return withLast(sound, ...[0n, 1n, 2n].map((i) => ({ dims: [size / 4n], offset: start + i * size })))
    },
    message: naming(thirdLast, 'past the end of the file'),
  },
  {
    id: 'CVE-2026-27940',
    also: 'GHSA-3p4r-fq3f-q74v',
    what: 'sizes that add up to just below 2^64, so that adding the overhead of the tensors wraps',
    make(sound) {
      const start = offsetOf(sound, thirdLast)
      const size = 2n ** 63n - 2n ** 20n
      const second = start + size
      return withLast(
        sound,
        { dims: [size / 4n] },
        { dims: [size / 4n], offset: second },
        { dims: [(2n ** 21n - start - 64n) / 4n], offset: second + size },
      )
    },
    message: naming(thirdLast, 'past the end of the file'),
  },
  {
    id: 'CVE-2026-27940',
    also: 'llama.cpp #15711',
    what: 'a number of tensors that times 368 bytes of overhead wraps',
    make: (sound) => writeGguf({ ...readGguf(sound), tensorCount: wrapping(368n) }),
    message: new RegExp(`${wrapping(368n)} tensors .* exceed`),
  },
  {
    id: 'CVE-2026-33298',
    also: 'GHSA-96jg-mvhq-q7q7',
    what: 'rows x bytes of a row is 2^64 + one row: the size wraps to one row',
    make: (sound) => withLast(sound, { dims: [64n, 2n ** 56n + 1n] }),
    message: naming(last),
  },
  {
    id: 'CVE-2026-33298',
    also: 'llama.cpp #27200',
    what: 'a Q4_0 row of 5124095576030431008, whose elements x 18 bytes wrap to 64',
    make: (sound) => withLast(sound, { type: ggml.q4_0, dims: [5124095576030431008n] }),
    message: naming(last, 'past the end of the file'),
  },
  {
    id: 'CVE-2026-7482',
    also: 'Ollama, Bleeding Llama',
    what: 'a tensor that says it has a million times the rows that the file holds',
    make: (sound) => {
      const { dims } = readGguf(sound).tensors.at(-1)
      return withLast(sound, { dims: [dims[0], dims[1] * 2n ** 20n] })
    },
    message: naming(last, 'past the end of the file'),
  },
  {
    id: 'CVE-2026-7482',
    also: 'Ollama, Bleeding Llama',
    what: 'data cut to half of the last tensor',
    make(sound) {
      const { tensors, data } = readGguf(sound)
      const { dims } = tensors.at(-1)
      const rest = Number(tensors.at(-1).offset + bytesOf({ dims }) / 2n)
      return sound.subarray(0, sound.length - data.length + rest)
    },
    message: naming(last, 'past the end of the file'),
  },
  {
    id: 'padding bypass',
    also: 'llama.cpp #24759',
    what: 'an F32 tensor of SIZE_MAX / 4: padding its size wraps to 0, and the next tensor is where it is',
    make(sound) {
      const start = offsetOf(sound, secondLast)
      return withLast(sound, { dims: [(2n ** 64n - 1n) / 4n], offset: start }, { offset: start })
    },
    message: naming(secondLast),
  },
  {
    id: 'zero dimension',
    also: 'llama.cpp #24263, #26946',
    what: 'dimensions [4, 0]: a check divides by the 0',
    make: (sound) => withLast(sound, { dims: [4n, 0n] }),
    message: naming(last, 'a dimension of 0'),
  },
  {
    id: 'empty key',
    also: 'llama.cpp #24263',
    what: 'a key of no bytes, which an assertion is for',
    make: (sound) => withKey(sound, '', types.u8, 0),
    message: /a key is empty/,
  },
  ...[2 ** 31, 2 ** 30].map((value) => ({
    id: 'alignment',
    also: 'llama.cpp #24997',
    what: `general.alignment of ${value}: offsets are padded beyond 32 bits, or by a gigabyte`,
    make: (sound) => withKey(sound, 'general.alignment', types.u32, value),
    message: naming('general.alignment', 'power of two'),
  })),
  ...[
    ['i32', 32],
    ['string', '32'],
  ].map(([type, value]) => ({
    id: 'alignment',
    also: 'llama.cpp #26318',
    what: `general.alignment as ${type}: read without a look at its type`,
    make: (sound) => withKey(sound, 'general.alignment', types[type], value),
    message: naming('general.alignment', 'power of two'),
  })),
  {
    id: 'CVE-2024-21802',
    also: 'TALOS-2024-1914',
    what: 'a tensor of 64 dimensions, written beyond an array of 4',
    make: (sound) => withLast(sound, { dims: Array.from({ length: 64 }, () => 1n) }),
    message: naming(last, '64 dimensions'),
  },
  {
    id: 'CVE-2024-21802',
    also: 'TALOS-2024-1914',
    what: 'a tensor of 2^32-1 dimensions',
    make: (sound) => withLast(sound, { rank: most.u32 }),
    message: naming(last, '4294967295 dimensions'),
  },
  {
    id: 'CVE-2024-21802',
    also: 'TALOS-2024-1914',
    what: 'negative dimensions, whose product is positive',
    make: (sound) => withLast(sound, { dims: [-64n, -33n] }),
    message: naming(last, 'a dimension of -64'),
  },
  {
    id: 'CVE-2024-21825',
    also: 'TALOS-2024-1912',
    what: 'an array of 2^60 strings, whose 16 bytes each wrap to 0',
    make: (sound) =>
      withKey(sound, hostile, types.array, { type: types.string, items: [], count: 2n ** 60n }),
    message: ends,
  },
  {
    id: 'CVE-2024-21825',
    also: 'TALOS-2024-1912',
    what: 'an array of 2^62 numbers, whose 4 bytes each wrap to 0',
    make: (sound) => withKey(sound, hostile, types.array, { type: types.f32, items: [], count: 2n ** 62n }),
    message: naming(hostile, 'overflow'),
  },
  {
    id: 'CVE-2024-21825',
    also: 'TALOS-2024-1912',
    what: 'an array of a type that there is not, whose size is read beyond a table',
    make: (sound) => withKey(sound, hostile, types.array, Buffer.concat([u32(most.u32), u64(1)])),
    message: naming(hostile, 'array of type 4294967295'),
  },
  {
    id: 'CVE-2024-21836',
    also: 'TALOS-2024-1915',
    what: 'a number of tensors whose 88 bytes each wrap to a few',
    make: (sound) => writeGguf({ ...readGguf(sound), tensorCount: wrapping(88n) }),
    message: new RegExp(`${wrapping(88n)} tensors .* exceed`),
  },
  {
    id: 'CVE-2024-23496',
    also: 'TALOS-2024-1913',
    what: 'a string of 2^64-1 bytes, for which 0 are allocated',
    make: (sound) => withKey(sound, hostile, types.string, u64(most.u64)),
    message: naming(hostile, '18446744073709551615'),
  },
  {
    id: 'CVE-2024-23496',
    also: 'TALOS-2024-1913',
    what: 'the name of a key of 2^64-1 bytes',
    make: (sound) => withRawKey(sound, u64(most.u64)),
    message: /a key of 18446744073709551615 bytes/,
  },
  {
    id: 'CVE-2024-23605',
    also: 'TALOS-2024-1916',
    what: 'a number of keys whose 48 bytes each wrap to a few',
    make: (sound) => writeGguf({ ...readGguf(sound), keyCount: wrapping(48n) }),
    message: new RegExp(`${wrapping(48n)} keys exceed`),
  },
]
