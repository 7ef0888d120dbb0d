/** Tells models apart by their weights, whatever type those are stored in. */
import { createHash } from 'node:crypto'
import { tensorKind } from '../../quantize/checkpoint/tensor_names.js'
import { binding, native } from '../addon/binding.js'
import type { NativeHeld } from '../addon/contract/files.js'

/**
 * A hash of the checksums of the conditioning encoder's and the decoder's tensors that stay F32 in every
 * type: positions, norms, biases and the mel convolution. So all conversions of a checkpoint have
 * one identity, and a voice made with one serves the others; training changes it.
 *
 * @param loaded values of the model that was loaded from the file
 * @returns 16 hexadecimal digits; undefined for a file without checksums, or one that has been replaced since
 */
export async function identify(
  file: string,
  loaded: Record<string, NativeHeld>,
): Promise<string | undefined> {
  const { values, tensors } = await native(() => binding.inspect(file))
  const checksums = values['clvp.checksum.tensors']
  if (!Array.isArray(checksums) || values['clvp.checksum.header'] !== loaded['clvp.checksum.header']) {
    return undefined
  }
  const lines = tensors.map(({ name }, i) => `${name} ${checksums[i]}`)
  const kept = lines.filter(
    (_, i) => /^(cond|dec)\./.test(tensors[i]!.name) && tensorKind(tensors[i]!.name) === 'exact',
  )
  return createHash('sha256').update(kept.sort().join('\n')).digest('hex').slice(0, 16)
}
