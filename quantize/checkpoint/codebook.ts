import { join } from 'node:path'
import { describe, malformed } from '../../lib/base/errors.js'
import { SafetensorsFile } from '../formats/safetensors.js'
import type { SourceTensor } from '../formats/source_tensor.js'
import type { Folder } from './folder.js'

export const CODEBOOK_FILE = 'codebook.safetensors'
const CODEBOOK_TENSOR = 'codebook'

export interface Codebook {
  readonly tensor: SourceTensor
  close(): Promise<void>
}

/** Opens codebook.safetensors: one tensor with the mel frames of each speech code. No transformers class writes this file. */
export async function openCodebook(source: Folder): Promise<Codebook | undefined> {
  if (!(await source.has(CODEBOOK_FILE))) return undefined
  const file = await SafetensorsFile.open(join(source.path, CODEBOOK_FILE))
  source.paths.push(file.path)
  const tensor = file.tensors.get(CODEBOOK_TENSOR)
  if (tensor && file.tensors.size === 1) return { tensor, close: () => file.close() }
  await file.close()
  const names = [...file.tensors.keys()].slice(0, 4).map(describe).join(', ') || 'nothing'
  throw malformed(file.path, `expected one tensor, ${CODEBOOK_TENSOR}, but found ${names}`)
}
