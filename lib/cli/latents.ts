/** Writes latents for the programs that turn them into sound. */
import { extname } from 'node:path'
import { writeWhole } from '../base/files.js'
import { packNpz } from '../base/npz.js'
import { packSafetensors } from '../base/safetensors.js'
import type { NamedTensors } from '../base/tensor.js'
import { UsageError } from './command.js'

const packers: Readonly<Record<string, (tensors: NamedTensors) => Buffer>> = {
  '.npz': packNpz,
  '.safetensors': packSafetensors,
}

/** The writer for a file's suffix. */
export function latentsWriter(file: string): (tensors: NamedTensors) => Promise<void> {
  const pack = packers[extname(file).toLowerCase()]
  if (pack === undefined) {
    throw new UsageError(
      `--latents takes a file that ends with ${Object.keys(packers).join(' or ')}, not '${file}'`,
    )
  }
  return (tensors) => writeWhole(file, pack(tensors))
}
