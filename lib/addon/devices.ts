import { binding } from './binding.js'
import { availableMemory } from './free_memory.js'

/** A device that can hold a model. */
export interface Device {
  /** Name for the `device` option. */
  name: string
  description: string
  /** 'cpu', 'gpu' or 'igpu' (a GPU that shares the CPU's memory). */
  kind: string
  /** Bytes; 0 where the system does not tell. Of the CPU, what this process may still take, also in a container. */
  memoryFree: number
  /** Bytes; 0 where the system does not tell. */
  memoryTotal: number
}

/**
 * The devices that this build can use, best first.
 *
 * @example
 * ```js
 * for (const { name, kind, memoryFree } of devices()) console.log(name, kind, memoryFree)
 * ```
 */
export function devices(): Device[] {
  // GGML's CPU device reports all memory as free.
  return binding.devices().map((device) => {
    return device.kind === 'cpu' ? { ...device, memoryFree: availableMemory() } : device
  })
}
