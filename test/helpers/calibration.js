/** Checkpoints and arithmetic for the tests of calibration. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSafetensors } from './safetensors.js'

/** A checkpoint's F32 tensor as an array. */
export function weightsOf(folder, name) {
  const { header, data } = readSafetensors(join(folder, 'model.safetensors'))
  const [from, to] = header[name].data_offsets
  const bytes = new Uint8Array(data.subarray(from, to))
  return new Float32Array(bytes.buffer)
}

/** The mean of the squares of each column of rows. */
export function meanSquares(rows) {
  return rows[0].map((_, i) => rows.reduce((sum, row) => sum + row[i] ** 2, 0) / rows.length)
}

/** The largest |a / b - 1|. */
export function farthest(a, b) {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value / b[i] - 1)), 0)
}

export function configOf(folder) {
  return JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'))
}
