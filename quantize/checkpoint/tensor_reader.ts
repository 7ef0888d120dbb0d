import { ClvpError, malformed } from '../../lib/base/errors.js'
import { requireNumbers } from '../formats/numbers.js'
import type { SourceTensor } from '../formats/source_tensor.js'
import { folded, WEIGHT_NORMS } from '../formats/weight_norm.js'
import { unsupported } from './section.js'

/** The loader's limits (native/src/model/hparams.cpp). */
const MAX_WIDTH = 2 ** 16
const MAX_BLOCKS = 1024
/** The same, of a vocabulary. */
export const MAX_CODES = 2 ** 22

/** One tensor of the model file. tensor_names.ts tells by the name whether it is a matrix. */
export interface StageTensor {
  readonly name: string
  /** In GGML's order: the contiguous dimension first. */
  readonly dims: number[]
  readonly source: SourceTensor
}

/**
 * Takes the tensors of one file one by one, each with a check of its shape, and gathers those of the model
 * file. What is left over is an error: it would be a part of a computation that this package does not do.
 */
export class TensorReader {
  readonly path: string
  /** What the file should hold, for messages: "a HiFi-GAN of tortoise's layout". */
  readonly kind: string
  readonly tensors: StageTensor[] = []
  readonly #left: Map<string, SourceTensor>

  /** @param skipped names of tensors that only training needs */
  constructor(path: string, kind: string, tensors: ReadonlyMap<string, SourceTensor>, skipped?: RegExp) {
    this.path = path
    this.kind = kind
    this.#left = new Map([...tensors].filter(([name]) => !skipped?.test(name)))
  }

  /** Whether a name among those that are left matches. */
  has(pattern: RegExp): boolean {
    return [...this.#left.keys()].some((name) => pattern.test(name))
  }

  /**
   * The number of blocks: one more than the highest number that the pattern's group matches.
   *
   * @param what the blocks, for messages
   * @throws ClvpError `CLVP_MODEL_FORMAT` if they are too few or too many
   */
  count(what: string, pattern: RegExp, least = 0, most = MAX_BLOCKS): number {
    let count = 0
    for (const name of this.#left.keys()) {
      const number = pattern.exec(name)?.[1]
      if (number !== undefined) count = Math.max(count, Number(number) + 1)
    }
    if (count >= least && count <= most) return count
    throw malformed(this.path, `expected ${least} to ${most} ${what} but found ${count}`)
  }

  /** One dimension of a layer's weight, at least 1. The layer must be there; its weight stays to be taken. */
  size(layer: string, dimension: number, most?: number): number {
    return this.sizeOf(this.#normOf(layer)?.[1] ?? `${layer}.weight`, dimension, most)
  }

  /** The same of any tensor. */
  sizeOf(name: string, dimension: number, most = MAX_WIDTH): number {
    const { shape } = this.#find(name)
    const size = shape[dimension] ?? 0
    if (size >= 1 && size <= most) return size
    throw malformed(
      this.path,
      `expected 1 to ${most} in dimension ${dimension} of the tensor ${name} but found the shape [${shape.join(', ')}]`,
    )
  }

  /** A layer's weight; weight norm is folded. */
  weight(layer: string, shape: readonly number[]): SourceTensor {
    const norm = this.#normOf(layer)
    if (!norm) return this.take(`${layer}.weight`, shape)
    const [lengths, direction] = norm
    const ones = shape.slice(1).map(() => 1)
    return folded(this.take(lengths, [shape[0]!, ...ones]), this.take(direction, shape))
  }

  /** @throws ClvpError `CLVP_MODEL_FORMAT` if there is no such tensor, or it has another shape */
  take(name: string, shape: readonly number[]): SourceTensor {
    const tensor = this.#find(name)
    this.#left.delete(name)
    requireNumbers(tensor)
    if (tensor.shape.join() === shape.join()) return tensor
    throw new ClvpError(
      'CLVP_MODEL_FORMAT',
      `${this.path}: expected the shape [${shape.join(', ')}] for the tensor ${name} but found [${tensor.shape.join(', ')}]`,
    )
  }

  /** Adds a tensor to those of the model file. */
  add(name: string, dims: number[], source: SourceTensor): void {
    this.tensors.push({ name, dims, source })
  }

  /** @throws ClvpError `CLVP_UNSUPPORTED` if a tensor was not taken */
  finish(): void {
    const [stranger] = this.#left.keys()
    if (stranger === undefined) return
    throw unsupported(this.path, `the tensor ${stranger} does not belong to ${this.kind}`)
  }

  /** Names of the lengths and of the direction, for a layer with weight norm. */
  #normOf(layer: string): [string, string] | undefined {
    for (const [lengths, direction] of WEIGHT_NORMS) {
      const names: [string, string] = [`${layer}.${lengths}`, `${layer}.${direction}`]
      if (names.some((name) => this.#left.has(name))) return names
    }
    return undefined
  }

  #find(name: string): SourceTensor {
    const tensor = this.#left.get(name)
    if (tensor) return tensor
    throw malformed(this.path, `the tensor ${name} is missing: expected ${this.kind}`)
  }
}
