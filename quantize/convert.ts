import { stat } from 'node:fs/promises'
import { binding, type NativeValue, type NativeWriter, native } from '../lib/binding.js'
import { abortError, ClvpError, invalid } from '../lib/errors.js'
import { abortSignal, callback, oneOf, path, pick } from '../lib/options.js'
import { Importance } from '../lib/quality/importance.js'
import { type WeightType, weightTypes } from '../lib/weight_types.js'
import { type Checkpoint, openCheckpoint } from './checkpoint.js'
import { hparamValues, readHparams } from './hparams.js'
import { columnImportance } from './importance.js'
import { makePlan, type PlannedTensor } from './plan.js'
import { failIo } from './safetensors.js'

/** Of the keys and the tensors' names, shapes and layout. A loader refuses versions that it does not know. */
const FORMAT_VERSION = 1

/** Tensors are read and written in pieces of about this size, except for those that are transposed. */
const CHUNK_BYTES = 8 * 2 ** 20

export interface ConvertOptions {
  /** Of the weight matrices; everything else is F32, but for a codebook, which is F16 unless this is `'f32'`. Default `'f16'`. */
  type?: WeightType | undefined
  /** What `calibrate()` found with this checkpoint: types of 4 to 6 bits then lose less where it matters. */
  importance?: Importance | undefined
  /** Called with the part done, 0 to 1. */
  onProgress?: ((fraction: number) => void) | undefined
  /** Stops the conversion; nothing is left behind. */
  signal?: AbortSignal | undefined
}

export interface ConvertResult {
  path: string
  type: WeightType
  /** Of the file. */
  bytes: number
  /** Matrices whose rows the type cannot hold, with the type they have instead: `"name: type"`. */
  fallbacks: string[]
}

/**
 * Converts a checkpoint in Hugging Face's layout to a model file. The file has its name only when it is whole; equal
 * input gives equal bytes.
 *
 * @param source a folder, see `openCheckpoint`
 * @param target the file to write; an existing one is replaced
 * @throws ClvpError `CLVP_INVALID_ARGUMENT`, `CLVP_IO`, `CLVP_ABORTED`, `CLVP_MODEL_FORMAT` for a checkpoint that is
 *   broken, `CLVP_UNSUPPORTED` for one that is sound but of a kind this package does not run
 */
export async function convertFolder(
  source: string,
  target: string,
  options: ConvertOptions = {},
): Promise<ConvertResult> {
  path(source, 'source')
  path(target, 'target')
  const { type, importance, onProgress, signal } = checkOptions(options)
  throwIfAborted(signal)
  const checkpoint = await openCheckpoint(source)
  try {
    await refuseOverwrite(target, checkpoint.paths)
    const hparams = readHparams(checkpoint.config, checkpoint.preprocessor)
    const plan = makePlan(hparams, checkpoint.tensors, checkpoint.codebook, type)
    throwIfAborted(signal)
    const values = { ...ownValues(checkpoint, type, importance), ...hparamValues(hparams) }
    const columns = importance && columnImportance(plan.tensors, importance)
    const tensors = plan.tensors.map(({ name, type, dims }) => {
      return { name, type, dims, importance: columns?.get(name) }
    })
    const writer = await native(() => new binding.Writer(target, values, tensors))
    try {
      await writeTensors(writer, plan.tensors, onProgress, signal)
      await native(() => writer.finish())
    } finally {
      writer.close()
    }
    const { size } = await stat(target).catch((error) => failIo(target, error))
    return { path: target, type, bytes: size, fallbacks: plan.fallbacks }
  } finally {
    await checkpoint.close()
  }
}

function checkOptions(options: unknown) {
  const given = pick(options, ['type', 'importance', 'onProgress', 'signal'], 'options')
  const { importance } = given
  if (importance !== undefined && !(importance instanceof Importance)) {
    throw invalid('an Importance made by calibrate() or Importance.load()', 'importance', importance)
  }
  return {
    importance,
    type: given.type === undefined ? 'f16' : oneOf(given.type, 'type', weightTypes),
    onProgress: callback<(fraction: number) => void>(given.onProgress, 'onProgress'),
    signal: abortSignal(given.signal, 'signal'),
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal)
}

/** Renaming the new file over one of the source's would destroy the source; links count as the file they lead to. */
async function refuseOverwrite(target: string, paths: readonly string[]): Promise<void> {
  const identity = async (path: string) => {
    const { dev, ino } = await stat(path, { bigint: true })
    return `${dev}:${ino}`
  }
  const existing = await identity(target).catch(() => undefined)
  if (existing === undefined) return
  for (const path of paths) {
    if ((await identity(path).catch(() => undefined)) === existing) {
      throw new ClvpError(
        'CLVP_INVALID_ARGUMENT',
        `${target} is a file of the source: ${path}. Write to another path`,
      )
    }
  }
}

/** The keys that are neither hyperparameters nor features. */
function ownValues(
  checkpoint: Checkpoint,
  type: WeightType,
  importance: Importance | undefined,
): Record<string, NativeValue> {
  const string = (value: string): NativeValue => ({ type: 'string', value })
  return {
    'general.architecture': string('clvp'),
    'general.name': string(checkpoint.name),
    'clvp.format_version': { type: 'u32', value: FORMAT_VERSION },
    'clvp.type': string(type),
    ...(importance && {
      'clvp.calibration': string(`${importance.texts} texts, ${importance.voices} voices`),
    }),
    'clvp.tokenizer.tokens': { type: 'string[]', value: [...checkpoint.tokens] },
    'clvp.tokenizer.merges': { type: 'string[]', value: [...checkpoint.merges] },
    ...Object.fromEntries(Object.entries(checkpoint.texts).map(([key, text]) => [key, string(text)])),
  }
}

async function writeTensors(
  writer: NativeWriter,
  tensors: readonly PlannedTensor[],
  onProgress: ((fraction: number) => void) | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const parts = tensors.flatMap((tensor) => tensor.parts)
  const total = parts.reduce((sum, part) => sum + part.entry.bytes, 0)
  let done = 0
  for (const tensor of tensors) {
    for await (const bytes of writeTensor(writer, tensor)) {
      done += bytes
      onProgress?.(done / total)
      throwIfAborted(signal)
    }
  }
}

/** Writes one tensor, and yields the bytes of each piece that is written. */
async function* writeTensor(writer: NativeWriter, tensor: PlannedTensor): AsyncGenerator<number> {
  for (const { file, entry, dataType } of tensor.parts) {
    const columns = tensor.dims[0]!
    const rowBytes = columns * (dataType === 'f32' ? 4 : 2)
    const chunkBytes = tensor.isTransposed
      ? entry.bytes
      : Math.max(1, Math.floor(CHUNK_BYTES / rowBytes)) * rowBytes
    for (let start = 0; start < entry.bytes; start += chunkBytes) {
      // A new buffer each time: the writer may still hold the last one.
      const chunk = new Uint8Array(Math.min(chunkBytes, entry.bytes - start))
      await file.read(entry, start, chunk)
      await native(() => writer.append(chunk, dataType, tensor.isTransposed ? columns : 0))
      yield chunk.length
    }
  }
}
