/** Compares two model files: their tensors and their outputs. */

import type { NativeTensorDifference } from '../addon/contract.js'
import { compareTensors } from '../addon/jobs.js'
import { requireSound } from '../addon/require_sound.js'
import type { Clip } from '../audio/clips.js'
import { abortSignal, callback, integer, path, pick, string } from '../base/check.js'
import { abortError } from '../base/errors.js'
import { whileUnchanged } from '../base/files.js'
import { limits } from '../base/limits.js'
import { inspectModel, type ModelFile } from '../loading/inspect.js'
import { resolveSource } from '../loading/source.js'
import { checkComparable } from './architecture.js'
import { Behaviour, type BehaviourPlan, BrokenModel } from './behaviour.js'
import type { ComparedModel, ModelComparison, TensorComparison } from './report.js'
import { readSamples, standardTexts } from './samples.js'
import { cosineOf } from './statistics.js'
import { Subject } from './subject.js'

/** Progress of compareModels(). */
export interface CompareProgress {
  stage: 'download' | 'convert' | 'verify' | 'tensors' | 'load' | 'run'
  /** Of the current stage, 0 to 1. */
  fraction: number
}

/** Options of compareModels(). */
export interface CompareOptions {
  /** 1 to 10,000; default: eight English sentences. */
  texts?: readonly string[] | undefined
  /** Each clip is a separate voice; the texts use them in turn. Default: `Clvp.demoVoice`. */
  voices?: Clip | readonly Clip[] | undefined
  /** Candidates that model A draws for each text and both models rank; 1 to 1,024, default 8. Ranking needs at least 2. */
  candidates?: number | undefined
  /** On how many candidates the decoders are compared step by step; default 2, or all if there are fewer. */
  rows?: number | undefined
  /** Most codes per candidate, 1 to the models' limit; default: that of `Clvp.generate`. */
  maxTokens?: number | undefined
  /** Seed of the first text; each further text uses the next one. 0 to 2^53 - 10,001, default 0. */
  seed?: number | undefined
  /** As in `Clvp.load`. */
  device?: string | undefined
  /** As in `Clvp.load`. */
  threads?: number | undefined
  /** Stops the call with CLVP_ABORTED. */
  signal?: AbortSignal | undefined
  /** Called on the JavaScript thread. */
  onProgress?: ((progress: CompareProgress) => void) | undefined
}

const names = [
  'texts',
  'voices',
  'candidates',
  'rows',
  'maxTokens',
  'seed',
  'device',
  'threads',
  'signal',
  'onProgress',
] as const

/**
 * Reports how closely model B matches model A: the error of each tensor and, on samples, the KL divergence of the decoder's
 * next-code distribution on candidates that A draws, cosines of embeddings, and the agreement of both rankings. Both models
 * are in memory at the same time.
 *
 * @param a a .gguf file; or a checkpoint's folder or a hub id, which is converted to F32 and kept in the cache
 * @param b the same
 * @throws ClvpError CLVP_INVALID_ARGUMENT for a wrong option or models of different architectures or vocabularies, CLVP_IO,
 *   CLVP_MODEL_FORMAT for a malformed or damaged file, CLVP_AUDIO, CLVP_OUT_OF_MEMORY, CLVP_DEVICE, CLVP_ABORTED
 */
export async function compareModels(
  a: string,
  b: string,
  options: CompareOptions = {},
): Promise<ModelComparison> {
  path(a, 'a')
  path(b, 'b')
  const { load, plan } = readOptions(options)
  const { signal } = plan
  if (signal?.aborted) throw abortError(signal)
  const common = { threads: load.threads ?? 0, signal }
  const onProgress = (stage: CompareProgress['stage'], fraction: number) =>
    load.onProgress?.({ stage, fraction })
  const resolve = (source: string) =>
    resolveSource(source, { ...common, type: 'f32', files: {}, revision: undefined, onProgress })
  const [pathA, pathB] = [await resolve(a), await resolve(b)]
  // Each is opened several times: to be verified, compared and loaded.
  return whileUnchanged(pathA, 'model A', () =>
    whileUnchanged(pathB, 'model B', () => compareFiles(pathA, pathB, load, plan)),
  )
}

async function compareFiles(
  a: string,
  b: string,
  load: LoadSettings,
  plan: BehaviourPlan,
): Promise<ModelComparison> {
  const { signal } = plan
  const tell = (stage: CompareProgress['stage'], fraction: number) => load.onProgress?.({ stage, fraction })
  const report = (stage: CompareProgress['stage']) => (fraction: number) => tell(stage, fraction)
  const files = { a: await inspectModel(a), b: await inspectModel(b) }
  checkComparable(files.a, files.b)
  for (const [i, { path }] of [files.a, files.b].entries()) {
    const onProgress = (fraction: number) => tell('verify', (i + fraction) / 2)
    await requireSound(path, { threads: load.threads ?? 0, signal, onProgress })
  }
  const differences = await compareTensors(files.a.path, files.b.path, {
    signal,
    onProgress: report('tensors'),
  })
  const { samples, candidates, seed } = plan
  const found = {
    a: describe(files.a),
    b: describe(files.b),
    tensors: differences.map(tensorComparison),
    samples: { texts: samples.texts.length, voices: samples.clips.length, candidates, seed },
  }
  return { ...found, ...(await run(files, load, { ...plan, onProgress: report('run') })) }
}

type LoadSettings = Pick<CompareOptions, 'device' | 'threads' | 'signal' | 'onProgress'>

/** Loads and runs both models, and frees them before it returns. */
async function run(files: { a: ModelFile; b: ModelFile }, load: LoadSettings, plan: BehaviourPlan) {
  const { onProgress } = load
  const open = (file: ModelFile, done: number) =>
    Subject.load(
      file.path,
      {
        ...load,
        onProgress: ({ fraction }) => onProgress?.({ stage: 'load', fraction: (done + fraction) / 2 }),
      },
      'f32',
    )
  const a = await open(files.a, 0)
  try {
    const b = await open(files.b, 1)
    const memoryBytes = a.info.bytes + b.info.bytes
    try {
      return { memoryBytes, behaviour: await new Behaviour(a, b, plan).compare() }
    } catch (error) {
      if (!(error instanceof BrokenModel)) throw error
      return { memoryBytes, failure: { model: error.model, message: error.message } }
    } finally {
      await b.dispose()
    }
  } finally {
    await a.dispose()
  }
}

function readOptions(options: unknown): { load: LoadSettings; plan: BehaviourPlan } {
  const given = pick(options, names, 'options')
  const { texts = standardTexts, candidates: wanted = 8, seed = 0, maxTokens } = given
  const candidates = integer(wanted, 'candidates', 1, limits.batchSize)
  const { rows = Math.min(2, candidates) } = given
  const signal = abortSignal(given.signal, 'signal')
  return {
    load: {
      device: given.device === undefined ? undefined : string(given.device, 'device'),
      threads: given.threads === undefined ? undefined : integer(given.threads, 'threads', 1, limits.threads),
      signal,
      onProgress: callback<(progress: CompareProgress) => void>(given.onProgress, 'onProgress'),
    },
    plan: {
      samples: readSamples(texts, given.voices),
      candidates,
      rows: integer(rows, 'rows', 1, candidates),
      maxTokens: maxTokens === undefined ? undefined : integer(maxTokens, 'maxTokens', 1, 65536),
      seed: integer(seed, 'seed', 0, Number.MAX_SAFE_INTEGER - 10_000),
      signal,
      onProgress: undefined,
    },
  }
}

function describe({ path, bytes, values }: ModelFile): ComparedModel {
  return { path, type: String(values['clvp.type']), bytes }
}

function tensorComparison(found: NativeTensorDifference): TensorComparison {
  const { name, typeA, typeB, dims, maxError, squareError, squareA, squareB, dot } = found
  const isExact = squareError === 0
  return {
    name,
    types: { a: typeA, b: typeB },
    dims,
    relativeError: isExact ? 0 : squareA === 0 ? null : Math.sqrt(squareError / squareA),
    maxError,
    cosine: isExact ? 1 : cosineOf(dot, squareA, squareB),
  }
}
