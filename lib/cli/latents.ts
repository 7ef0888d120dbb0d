/** Writes latents for the programs that turn them into sound. */
import { extname } from 'node:path'
import { requireWritable, writeWhole } from '../base/files.js'
import { UsageError } from './command.js'
import type { NamedTensors } from './named_tensors.js'
import { packNpz } from './npz.js'
import { packSafetensors } from './safetensors.js'

const packers: Readonly<Record<string, (tensors: NamedTensors) => Buffer>> = {
  '.npz': packNpz,
  '.safetensors': packSafetensors,
}

/** The writer for a file's suffix. Checks that the file can be written. */
export async function latentsWriter(file: string): Promise<(tensors: NamedTensors) => Promise<void>> {
  const pack = packers[extname(file).toLowerCase()]
  if (pack === undefined) {
    throw new UsageError(
      `--latents takes a file that ends with ${Object.keys(packers).join(' or ')}, not '${file}'`,
    )
  }
  await requireWritable(file)
  return (tensors) => writeWhole(file, pack(tensors))
}
