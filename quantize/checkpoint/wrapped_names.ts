import { malformed } from '../../lib/base/errors.js'
import type { SourceTensor } from '../formats/source_tensor.js'

/** What DataParallel, DeepSpeed and torch.compile put into names, around the model or a part of it. No model has such parts. */
const WRAPPER = /(?<=^|\.)(?:module|_orig_mod)\./g

export function plainName(name: string): string {
  return name.replace(WRAPPER, '')
}

/**
 * A checkpoint's tensors under their own names: `module._orig_mod.text_emb.weight` becomes `text_emb.weight`.
 *
 * @param rename gives a tensor another name
 */
export function unwrapNames<T extends SourceTensor>(
  tensors: ReadonlyMap<string, T>,
  rename: (tensor: T, name: string) => T,
): ReadonlyMap<string, T> {
  const unwrapped = new Map<string, T>()
  for (const [name, tensor] of tensors) {
    const plain = plainName(name)
    if (unwrapped.has(plain)) throw malformed(tensor.path, `${plain} is there twice, once as ${name}`)
    unwrapped.set(plain, plain === name ? tensor : rename(tensor, plain))
  }
  return unwrapped
}
