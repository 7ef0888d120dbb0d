/** Compares two model files: their tensors and their outputs. */

import type { NativeTensorDifference } from '../addon/contract/files.js'
import { compareTensors } from '../addon/jobs.js'
import { requireSound } from '../addon/require_sound.js'
import { path } from '../base/check.js'
import { abortError } from '../base/errors.js'
import { whileUnchanged } from '../base/files.js'
import { callback, integer } from '../base/kinds.js'
import { limits } from '../base/limits.js'
import { type OptionsOf, optionTable, readOptions } from '../base/options.js'
import { inspectModel, type ModelFile } from '../loading/inspect.js'
import { type LoadOptions, loadTable } from '../loading/load_options.js'
import { resolveSource } from '../loading/source.js'
import { checkComparable } from './architecture.js'
import { Behaviour, type BehaviourPlan, BrokenModel } from './behaviour.js'
import type { ComparedModel, ModelComparison, TensorComparison } from './report.js'
import { samplesOf, sampleTable, standardTexts, texts } from './samples.js'
import { cosineOf } from './statistics.js'
import { Subject } from './subject.js'

/** Progress of compareModels(). */
export interface CompareProgress {
  stage: 'download' | 'convert' | 'verify' | 'tensors' | 'load' | 'run'
  /** Of the current stage, 0 to 1. */
  fraction: number
}

export const compareTable = optionTable({
  /** 1 to 10,000; default: eight English sentences. */
  texts: { kind: texts, default: standardTexts, defaultText: 'eight English sentences' },
  /** Candidates that model A draws for each text and both models rank; 1 to 1,024, default 8. Ranking needs at least 2. */
  candidates: {
    kind: integer(1, limits.batchSize),
    default: 8,
    help: 'candidates drawn for each text',
    short: 'n',
  },
  /** On how many candidates the decoders are compared step by step; 1 to `candidates`, default: 2, or all if there are fewer. */
  rows: {
    kind: integer(1, '`candidates`'),
    defaultText: '2, or all if there are fewer',
    help: "number of a text's candidates that the decoders are compared on",
  },
  /** Called on the JavaScript thread. */
  onProgress: { kind: callback<(progress: CompareProgress) => void>() },
})

/** The options of loading that both models share. */
export const comparedTable = { device: loadTable.device, threads: loadTable.threads }

/** Options of compareModels(). */
export interface CompareOptions
  extends OptionsOf<typeof compareTable>,
    OptionsOf<typeof sampleTable>,
    Pick<LoadOptions, keyof typeof comparedTable> {}

/**
 * Reports how closely model B matches model A: the error of each tensor and, on samples, the KL divergence of the decoder's
 * next-code distribution on candidates that A draws, cosines of embeddings, and the agreement of both rankings. Both models
 * are in memory at the same time.
 *
 * @example
 * ```js
 * const { behaviour } = await compareModels('clvp-f32.gguf', 'clvp-q4_k.gguf')
 * console.log(behaviour?.decoder.kl.mean, behaviour?.ranking.kendallTau)
 * ```
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
  const { load, plan } = readPlan(options)
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

function readPlan(options: unknown): { load: LoadSettings; plan: BehaviourPlan } {
  const table = { ...compareTable, ...sampleTable, ...comparedTable }
  const { device, threads, onProgress, texts, voices, ...own } = readOptions(table, options, 'options')
  const { candidates, rows = Math.min(2, candidates), signal } = own
  return {
    load: { device, threads, signal, onProgress },
    plan: {
      ...own,
      samples: samplesOf(texts, voices),
      rows: compareTable.rows.kind.upTo(candidates).read(rows, 'rows'),
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
