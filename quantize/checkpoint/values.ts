/** Numbers as keys of a model file. */
import type { NativeValue } from '../../lib/addon/contract/files.js'

export function u32s(prefix: string, values: Record<string, number>): Record<string, NativeValue> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [`${prefix}.${key}`, { type: 'u32', value }]),
  )
}

export function i32s(prefix: string, values: Record<string, readonly number[]>): Record<string, NativeValue> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => {
      return [`${prefix}.${key}`, { type: 'i32[]', value: Int32Array.from(value) }]
    }),
  )
}
