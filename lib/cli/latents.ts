/** Writes latents for the programs that turn them into sound. */
import { extname } from 'node:path'
import { writeWhole } from '../base/files.js'
import { UsageError } from './command.js'
import type { NamedTensors } from './named_tensors.js'
import { packNpz } from './npz.js'
import { packSafetensors } from './safetensors.js'

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
