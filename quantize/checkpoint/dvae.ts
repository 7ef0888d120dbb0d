/** The encoder of tortoise's discrete VAE (DiscreteVAE, dvae.pth): it makes codes of recordings. */
import type { NativeValue } from '../../lib/addon/contract/files.js'
import { ClvpError, malformed } from '../../lib/base/errors.js'
import type { SourceTensor } from '../formats/source_tensor.js'
import { transposed, type View } from '../formats/strided_view.js'
import { TorchFile } from '../formats/torch_file.js'
import type { TorchTensor } from '../formats/torch_tensor.js'
import type { Folder } from './folder.js'
import { unsupported } from './section.js'
import { openAll } from './weights.js'
import { unwrapNames } from './wrapped_names.js'

/** Convolutions that halve the frames: two, so that a code stands for four. */
const HALVINGS = 2
/** Frames that a convolution sees. */
const WIDTH = 3
/** The loader's limits (native/src/model/hparams.cpp). */
const MAX_WIDTH = 2 ** 16
const MAX_BLOCKS = 1024

/** What only training and decoding need. */
const SKIPPED = /^(decoder|discrete_loss)\.|^codebook\.(cluster_size|embed_avg)$/

/** The convolutions of a residual block: their places in the checkpoint, and their names in a model file. */
const BLOCK_PARTS = [
  ['0', 'first', WIDTH],
  ['2', 'second', WIDTH],
  ['4', 'third', 1],
] as const

export interface DvaeSizes {
  readonly mels: number
  /** Of each halving convolution. */
  readonly channels: readonly number[]
  readonly blocks: number
  /** Length of a codebook entry. */
  readonly embd: number
  readonly codes: number
}

/** One tensor of the model file. */
export interface DvaeTensor {
  readonly name: string
  readonly kind: 'matrix' | 'exact'
  /** In GGML's order: the contiguous dimension first. */
  readonly dims: number[]
  readonly source: SourceTensor
}

export interface Dvae {
  readonly path: string
  readonly sizes: DvaeSizes
  readonly tensors: readonly DvaeTensor[]
  close(): Promise<void>
}

/**
 * Opens dvae.pth. All sizes follow from the shapes of its tensors.
 *
 * @throws ClvpError `CLVP_MODEL_FORMAT` for a file of something else, `CLVP_UNSUPPORTED` for a DiscreteVAE of another
 *   layout than tortoise's
 */
export async function openDvae(source: Folder, path: string): Promise<Dvae> {
  const [file] = await openAll(source, [path], TorchFile.open)
  try {
    const named = unwrapNames(file!.tensors, (tensor, name) => tensor.derive(name, tensor.view))
    return { path, ...new Reader(path, named).read(), close: () => file!.close() }
  } catch (error) {
    await file!.close()
    throw error
  }
}

/**
 * Refuses an encoder whose codes are not those that the model ranks.
 *
 * @throws ClvpError `CLVP_MODEL_FORMAT`
 */
export function checkDvae({ path, sizes }: Dvae, mels: number, vocab: number): void {
  if (sizes.mels !== mels) {
    throw malformed(path, `it reads ${sizes.mels} mel channels: expected ${mels}, as the model's voices have`)
  }
  if (sizes.codes !== vocab) {
    throw malformed(
      path,
      `it has ${sizes.codes} codes: expected ${vocab}, the speech encoder's vocabulary. Files of this name from other ` +
        'systems, such as XTTS with 1024 codes, make codes of another meaning',
    )
  }
}

/** The sizes as keys of a model file. */
export function dvaeValues({ channels, blocks, embd, codes }: DvaeSizes): Record<string, NativeValue> {
  return {
    'clvp.dvae.channels': { type: 'i32[]', value: Int32Array.from(channels) },
    'clvp.dvae.block_count': { type: 'u32', value: blocks },
    'clvp.dvae.embedding_length': { type: 'u32', value: embd },
    'clvp.dvae.code_count': { type: 'u32', value: codes },
  }
}

/** Takes the tensors of the encoder one by one; what is left over is an error. */
class Reader {
  readonly #path: string
  readonly #left: Map<string, TorchTensor>
  readonly #found: DvaeTensor[] = []

  constructor(path: string, tensors: ReadonlyMap<string, TorchTensor>) {
    this.#path = path
    this.#left = new Map([...tensors].filter(([name]) => !SKIPPED.test(name)))
  }

  read(): Pick<Dvae, 'sizes' | 'tensors'> {
    const mels = this.#left.get('encoder.0.0.weight')?.shape[1] ?? 0
    const channels: number[] = []
    let at = 0
    for (; this.#left.has(`encoder.${at}.0.weight`); at++) {
      const before = channels.at(-1) ?? mels
      channels.push(this.#convolution(`encoder.${at}.0`, `dvae.halve.${at}`, before, WIDTH))
    }
    if (channels.length === 0) throw malformed(this.#path, 'it holds no encoder of a DiscreteVAE')
    if (channels.length !== HALVINGS) {
      throw unsupported(
        this.#path,
        `it halves the frames ${channels.length} times, tortoise ${HALVINGS} times`,
      )
    }
    const width = channels.at(-1)!
    let blocks = 0
    for (; this.#left.has(`encoder.${at}.net.0.weight`); at++, blocks++) this.#block(at, blocks, width)
    if (blocks > MAX_BLOCKS)
      throw malformed(this.#path, `it has ${blocks} residual blocks, more than ${MAX_BLOCKS}`)
    const embd = this.#convolution(`encoder.${at}`, 'dvae.out', width, 1)
    const codes = this.#codebook(embd)
    const [stranger] = this.#left.keys()
    if (stranger !== undefined) {
      throw unsupported(
        this.#path,
        `the tensor ${stranger} does not belong to an encoder of tortoise's layout`,
      )
    }
    return { sizes: { mels, channels, blocks, embd, codes }, tensors: this.#found }
  }

  #block(at: number, block: number, width: number): void {
    for (const [part, name, frames] of BLOCK_PARTS) {
      this.#convolution(`encoder.${at}.net.${part}`, `dvae.blk.${block}.${name}`, width, frames, width)
    }
  }

  /**
   * A convolution as a matrix. Its rows hold the frames that it sees one after the other, each with all its channels.
   *
   * @returns its output channels
   */
  #convolution(source: string, name: string, inputs: number, frames: number, outputs?: number): number {
    const weight = this.#take(`${source}.weight`)
    const [found = 0] = weight.shape
    const isWidth = found >= 1 && found <= MAX_WIDTH && inputs >= 1 && inputs <= MAX_WIDTH
    const expected = [outputs ?? (isWidth ? found : `1 to ${MAX_WIDTH}`), inputs, frames]
    this.#check(weight, expected)
    const matrix = weight.derive(weight.name, framesFirst(weight.view), [found, frames * inputs])
    const bias = this.#take(`${source}.bias`)
    this.#check(bias, [found])
    this.#found.push(
      { name: `${name}.weight`, kind: 'matrix', dims: [frames * inputs, found], source: matrix },
      { name: `${name}.bias`, kind: 'exact', dims: [found], source: bias },
    )
    return found
  }

  /** tortoise stores one code a column; the core reads one a row. */
  #codebook(embd: number): number {
    const embed = this.#take('codebook.embed')
    const codes = embed.shape[1] ?? 0
    this.#check(embed, [embd, codes >= 1 ? codes : 'at least 1'])
    const rows = embed.derive(embed.name, transposed(embed.view))
    this.#found.push({ name: 'dvae.codebook.weight', kind: 'exact', dims: [embd, codes], source: rows })
    return codes
  }

  #take(name: string): TorchTensor {
    const tensor = this.#left.get(name)
    if (!tensor) throw malformed(this.#path, `the tensor ${name} is missing`)
    this.#left.delete(name)
    return tensor
  }

  #check(tensor: TorchTensor, expected: readonly (number | string)[]): void {
    if (tensor.shape.join() === expected.join()) return
    throw new ClvpError(
      'CLVP_MODEL_FORMAT',
      `${this.#path}: expected the shape [${expected.join(', ')}] for the tensor ${tensor.name} but found [${tensor.shape.join(', ')}]`,
    )
  }
}

/** [out, in, frames] as [out, frames, in]. */
function framesFirst({ offset, sizes, strides }: View): View {
  const turn = ([outputs, inputs, frames]: readonly number[]) => [outputs!, frames!, inputs!]
  return { offset, sizes: turn(sizes), strides: turn(strides) }
}
