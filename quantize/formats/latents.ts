import { basename } from 'node:path'
import { types } from 'node:util'
import { malformed } from '../../lib/base/errors.js'
import { readNumbers } from './numbers.js'
import { SINGLE_TENSOR } from './state_dict.js'
import { TorchFile } from './torch_file.js'
import type { TorchTensor } from './torch_tensor.js'

/** A zip's first bytes. No audio file begins with them. */
const ZIP = [0x50, 0x4b, 0x03, 0x04]

/** Whether a clip is a torch file, such as a voice of tortoise: by a path's ending, or by the first bytes. */
export function isTorchFile(clip: unknown): clip is string | Uint8Array {
  if (typeof clip === 'string') return /\.(pth|pt)$/i.test(basename(clip))
  return types.isUint8Array(clip) && ZIP.every((byte, i) => clip[i] === byte)
}

/** The vectors of a voice. */
export interface SavedLatents {
  decoder: Float32Array
  /** For the diffusion stage. */
  diffusion: Float32Array | undefined
}

/**
 * Reads the latents that tortoise saves for a voice: a tuple of the decoder's vector, [1, width], and the diffusion stage's,
 * [1, diffusionWidth]; some programs add more, which is skipped. A file of one tensor holds the decoder's.
 *
 * @param name for messages
 * @param width of the decoder
 * @param diffusionWidth of the diffusion stage's vectors; without it they are not read
 * @throws ClvpError CLVP_IO, CLVP_MODEL_FORMAT if the file holds something else or is for another width, CLVP_UNSUPPORTED for
 *   torch files that cannot be read
 */
export async function readLatents(
  clip: string | Uint8Array,
  name: string,
  width: number,
  diffusionWidth?: number,
): Promise<SavedLatents> {
  const file =
    typeof clip === 'string' ? await TorchFile.open(clip) : await TorchFile.read(inMemory(clip, name))
  try {
    const single = file.tensors.get(SINGLE_TENSOR)
    const second = file.tensors.get('1')
    const decoder = await readVector(file.path, single ?? file.tensors.get('0'), width)
    const isRead = diffusionWidth !== undefined && !single && second !== undefined
    return { decoder, diffusion: isRead ? await readVector(file.path, second, diffusionWidth) : undefined }
  } finally {
    await file.close()
  }
}

async function readVector(
  path: string,
  tensor: TorchTensor | undefined,
  width: number,
): Promise<Float32Array> {
  const shape = tensor?.shape ?? []
  if (!tensor || shape.length > 2 || shape.at(-1) !== width || (shape.length === 2 && shape[0] !== 1)) {
    const found = tensor ? `a tensor of the shape [${shape}]` : 'no latents of tortoise'
    throw malformed(path, `expected latents of the width ${width}, that of the model, but found ${found}`)
  }
  const latent = await readNumbers(tensor)
  if (!latent.every(Number.isFinite)) throw malformed(path, 'its latents have NaN or infinite numbers')
  return latent
}

function inMemory(bytes: Uint8Array, path: string) {
  const read = async (offset: number, target: Uint8Array) => {
    target.set(bytes.subarray(offset, offset + target.length))
  }
  return { path, size: bytes.length, read, close: async () => {} }
}
