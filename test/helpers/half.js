/** Half precision, made by cutting digits off. */

/** Cuts a float32 (as bits) to a float16: its bits, and the float32 (as bits) that they stand for. */
export function cutToF16(bits) {
  const sign = (bits >>> 16) & 0x8000
  const exponent = ((bits >>> 23) & 0xff) - 112
  // What is too small for a normal number becomes the smallest one of all: 2^-24.
  if (exponent < 1) return { half: sign | 1, single: ((sign << 16) | (103 << 23)) >>> 0 }
  return { half: sign | (exponent << 10) | ((bits >>> 13) & 0x3ff), single: (bits & 0xffffe000) >>> 0 }
}

/** The same to a bfloat16. */
export function cutToBf16(bits) {
  return { half: bits >>> 16, single: (bits & 0xffff0000) >>> 0 }
}
