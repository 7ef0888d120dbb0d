/**
 * Broken safetensors files, and sound ones of other models. `node scripts/parity/safetensors.mjs` holds our verdicts against those of
 * the reference library.
 */
import { packSafetensors as pack } from '../helpers/safetensors.js'

const bytes = Buffer.alloc(8)
const two = Buffer.alloc(16)

/** One tensor of two numbers, with some fields changed. */
function one(changes = {}) {
  return { a: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...changes } }
}

const entry = JSON.stringify(one().a)

/**
 * Of a sound file's header and data: name, bytes, what the message must say besides the file's name, and whether the library takes it for sound.
 */
export const safetensorsFiles = (header, data) => {
  const whole = pack(header, data)
  return [
    // Lengths.
    ['empty', Buffer.alloc(0), /0 bytes/],
    ['seven bytes', Buffer.alloc(7), /7 bytes/],
    ['a length alone', Buffer.alloc(8), /length is 0/],
    ['header length 0', pack(one(), bytes, 0n), /length is 0/],
    ['header length 1', pack(one(), bytes, 1n), /length is 1/],
    ['header length too short', pack(one(), bytes, 5n), /header/],
    ['header length past the end', pack(one(), bytes, 1000n), /length is 1000/],
    ['header length 2^32', pack(one(), bytes, 2n ** 32n), /length/],
    ['header length 2^63', pack(one(), bytes, 2n ** 63n), /length/],
    ['header length 2^64 - 1', pack(one(), bytes, 2n ** 64n - 1n), /length/],
    ['truncated by one byte', whole.subarray(0, -1), /of/],
    ['truncated in the header', whole.subarray(0, 200), /length/],
    ['truncated to the header', whole.subarray(0, 8 + JSON.stringify(header).length), /end at byte/],
    ['one byte too many', Buffer.concat([whole, Buffer.alloc(1)]), /end at byte/],
    ['no data', pack(one()), /end at byte/],
    // JSON.
    ['not JSON', pack('hello world', bytes), /does not start with/],
    ['JSON of an array', pack([1, 2], bytes), /does not start with/],
    ['JSON of a number', pack('12', bytes), /does not start with/],
    ['JSON null', pack('null', bytes), /does not start with/],
    ['a byte order mark', pack(`\ufeff{"a":${entry}}`, bytes), /does not start with/],
    ['a blank first', pack(` {"a":${entry}}`, bytes), /does not start with/],
    ['JSON with a comma too many', pack(`{"a":${entry},}`, bytes), /in its header/],
    ['JSON with something behind', pack(`{"a":${entry}}x`, bytes), /in its header/],
    ['an unterminated string', pack('{"a', bytes), /in its header/],
    ['an unterminated escape', pack('{"a\\', bytes), /in its header/],
    [
      'not UTF-8',
      pack(Buffer.concat([Buffer.from('{"'), Buffer.of(0xff), Buffer.from(`":${entry}}`)]), bytes),
      /header/,
    ],
    ['100,000 objects in each other', pack('{"a":'.repeat(1e5) + 1 + '}'.repeat(1e5)), /nested/],
    ['a million arrays in each other', pack(`{"a":${'['.repeat(1e6)}${']'.repeat(1e6)}}`), /nested/],
    ['a million commas', pack(`{"a":[${'0,'.repeat(1e6)}0]}`), /too many entries/],
    // Keys.
    ['a tensor twice', pack(`{"a":${entry},"a":${entry}}`, bytes), /"a" .*twice/],
    ['a tensor twice, once escaped', pack(`{"a":${entry},"\\u0061":${entry}}`, bytes), /"a" .*twice/],
    [
      'dtype twice',
      pack('{"a":{"dtype":"F32","dtype":"I64","shape":[2],"data_offsets":[0,8]}}', bytes),
      /twice/,
    ],
    ['an unknown field', pack(one({ strides: [1] }), bytes), /strides/],
    ['null for a tensor', pack({ a: null }), /tensor a/],
    ['an array for a tensor', pack({ a: [1] }), /tensor a/],
    ['metadata of numbers', pack({ __metadata__: { x: 1 }, ...one() }, bytes), /__metadata__/],
    ['metadata as an array', pack({ __metadata__: ['x'], ...one() }, bytes), /__metadata__/],
    // Places.
    ['a hole before', pack(one({ data_offsets: [8, 16] }), two), /hole/],
    ['a hole between', pack({ ...one(), b: one({ data_offsets: [16, 24] }).a }, Buffer.alloc(24)), /hole.*b/],
    ['an overlap', pack({ ...one(), b: one({ data_offsets: [4, 12] }).a }, Buffer.alloc(12)), /overlap.*b/],
    ['two tensors in one place', pack({ ...one(), b: one().a }, bytes), /overlap/],
    ['offsets the wrong way round', pack(one({ data_offsets: [8, 0] }), bytes), /tensor a/],
    ['a negative offset', pack(one({ data_offsets: [-8, 0] }), bytes), /number/],
    ['three offsets', pack(one({ data_offsets: [0, 4, 8] }), bytes), /tensor a.*offsets/],
    ['one offset', pack(one({ data_offsets: [8] }), bytes), /tensor a.*offsets/],
    ['no offsets', pack(one({ data_offsets: undefined }), bytes), /tensor a.*offsets/],
    ['offsets as text', pack(one({ data_offsets: ['0', '8'] }), bytes), /tensor a.*offsets/],
    ['offsets beyond the file', pack(one({ shape: [200], data_offsets: [0, 800] }), bytes), /end at byte/],
    // Shapes and types.
    ['a shape of another size', pack(one({ shape: [3] }), bytes), /tensor a.*12/],
    [
      'a shape whose product overflows to 0',
      pack(one({ shape: [2 ** 62, 8], data_offsets: [0, 0] })),
      /tensor a/,
    ],
    ['a shape of 2^32 by 2^32', pack(one({ shape: [2 ** 32, 2 ** 32], data_offsets: [0, 0] })), /tensor a/],
    ['a negative dimension', pack(one({ shape: [-2] }), bytes), /number/],
    ['two negative dimensions', pack(one({ shape: [-2, -1] }), bytes), /number/],
    ['a dimension of 2.5', pack(one({ shape: [2.5] }), bytes), /number/],
    [
      'a dimension written 2.0',
      pack('{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}', bytes),
      /number/,
    ],
    [
      'a dimension written 2e0',
      pack('{"a":{"dtype":"F32","shape":[2e0],"data_offsets":[0,8]}}', bytes),
      /number/,
    ],
    [
      'an offset written -0',
      pack('{"a":{"dtype":"F32","shape":[2],"data_offsets":[-0,8]}}', bytes),
      /number/,
    ],
    ['half a surrogate pair', pack(`{"\\ud800":${entry}}`, bytes), /surrogate/],
    ['a dimension of true', pack(one({ shape: [true, 2] }), bytes), /tensor a.*shape/],
    ['a shape as text', pack(one({ shape: '2' }), bytes), /tensor a.*shape/],
    ['no shape', pack(one({ shape: null }), bytes), /tensor a.*shape/],
    ['an unknown type', pack(one({ dtype: 'F31' }), bytes), /tensor a.*F31/],
    ['a type in lower case', pack(one({ dtype: 'f32' }), bytes), /tensor a.*f32/],
    ['the type "constructor"', pack(one({ dtype: 'constructor' }), bytes), /tensor a.*constructor/],
    ['a number for the type', pack(one({ dtype: 5 }), bytes), /tensor a.*5/],
    ['no type', pack(one({ dtype: undefined }), bytes), /tensor a/],
    ['a type of another width', pack(one({ dtype: 'F64' }), bytes), /tensor a.*16/],
    // Sound files that are none of ours.
    ['no tensors at all', pack({}), /is missing/, 'sound'],
    ['a sound file of another model', pack(one(), bytes), /is missing/, 'sound'],
    ['a tensor called __proto__', pack(`{"__proto__":${entry}}`, bytes), /is missing/, 'sound'],
  ]
}
