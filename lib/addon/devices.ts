import { binding } from './binding.js'

/** A device that can hold a model. */
export interface Device {
  /** Name for the `device` option. */
  name: string
  description: string
  /** 'cpu', 'gpu' or 'igpu' (a GPU that shares the CPU's memory). */
  kind: string
  /** Bytes; 0 where the system does not tell. */
  memoryFree: number
  /** Bytes; 0 where the system does not tell. */
  memoryTotal: number
}

/** The devices that this build can use, best first. */
export function devices(): Device[] {
  return binding.devices()
}
