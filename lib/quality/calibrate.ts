/** Measures which columns of a model's weight matrices matter, from the matrices' inputs while the model runs. */

import { Importance } from '../../quantize/importance.js'
import { path } from '../base/check.js'
import { sourceTable } from '../base/checkpoint_files.js'
import { ClvpError } from '../base/errors.js'
import { callback, integer } from '../base/kinds.js'
import { limits } from '../base/limits.js'
import { type OptionsOf, optionTable, readOptions } from '../base/options.js'
import { type LoadOptions, loadTable, type Progress } from '../loading/load_options.js'
import { pairs, type Samples, samplesOf, sampleTable, texts } from './samples.js'
import { type DrawSettings, Subject } from './subject.js'

export const calibrateTable = optionTable({
  /** 1 to 10,000 texts like those that the model will speak. A few dozen are enough. */
  texts: { kind: texts, required: true },
  /** Drawn for each text, 1 to 1,024; default 4. */
  candidates: {
    kind: integer(1, limits.batchSize),
    default: 4,
    help: 'candidates drawn for each text',
    short: 'n',
  },
  /** Called on the JavaScript thread; the stage 'generate' counts the texts. */
  onProgress: { kind: callback<(progress: Progress) => void>() },
})

const { device, threads, type, revision } = loadTable
/** The options of loading that suit a calibration. */
export const calibratedTable = { device, threads, type, revision, ...sourceTable }

/** Options of calibrate(), which include some of `Clvp.load`. */
export interface CalibrateOptions
  extends OptionsOf<typeof calibrateTable>,
    OptionsOf<typeof sampleTable>,
    Pick<LoadOptions, keyof typeof calibratedTable> {
  /** 1 to 10,000 texts like those that the model will speak. A few dozen are enough. */
  texts: readonly string[]
}

/** Types precise enough for a calibration. */
const precise = ['f32', 'f16', 'bf16']

/**
 * Runs a model on texts and voices as `Clvp` does (conditioning encoder, prefill, steps, both encoders), and returns the
 * mean square of the inputs of each column of its weight matrices. `convertFolder` and `quantizeFile` use these to choose
 * the scales of coarse types. Equal calls on one machine give equal results.
 *
 * @example
 * ```js
 * const importance = await calibrate('clvp-f16.gguf', { texts: ['Hello world.', 'How are you?'] })
 * await convertFolder('checkpoint', 'clvp-q4_k.gguf', { type: 'q4_k', importance })
 * ```
 *
 * @param source a .gguf file whose type is f32, f16 or bf16, or a checkpoint's folder or a hub id, converted once into a cache
 * @throws ClvpError CLVP_INVALID_ARGUMENT for a wrong option or a model of another type, CLVP_MODEL_FORMAT if the weights are damaged,
 *   and what `Clvp.load`, `voice` and `generate` throw; CLVP_ABORTED
 */
export async function calibrate(source: string, options: CalibrateOptions): Promise<Importance> {
  path(source, 'source')
  const table = { ...calibrateTable, ...sampleTable, ...calibratedTable }
  const { texts, voices, candidates, maxTokens, seed, signal, onProgress, ...load } = readOptions(
    table,
    options,
    'options',
  )
  const samples = samplesOf(texts, voices)
  const settings: DrawSettings = { candidates, maxTokens, seed, signal }
  const subject = await Subject.load(source, { ...load, signal, onProgress }, 'f16')
  try {
    if (!precise.includes(subject.info.type)) {
      throw new ClvpError(
        'CLVP_INVALID_ARGUMENT',
        `Expected a model of type ${precise.join(', ')} to calibrate but received one of ${subject.info.type}: calibrate the original`,
      )
    }
    await subject.session.collectImportance(true, settings.signal)
    await work(subject, samples, settings, onProgress)
    const found = await subject.session.importance(settings.signal)
    const matrices = found.map(({ name, rows, meanSquares }) => [name, { rows, meanSquares }] as const)
    return new Importance({
      model: subject.info.name,
      texts: samples.texts.length,
      voices: samples.clips.length,
      matrices: new Map(matrices),
    })
  } finally {
    await subject.dispose()
  }
}

async function work(
  subject: Subject,
  samples: Samples,
  settings: DrawSettings,
  onProgress: ((progress: Progress) => void) | undefined,
): Promise<void> {
  const { signal, seed } = settings
  const voices: Float32Array[] = []
  for (const [i, clip] of samples.clips.entries()) {
    voices.push(await subject.voice(clip, `voices[${i}]`, signal))
  }
  const list = pairs(samples)
  for (const [i, { text, voice }] of list.entries()) {
    const ids = subject.textIds(samples.texts[text]!)
    const { rows } = await subject.draw(ids, voices[voice]!, { ...settings, seed: seed + i })
    await subject.session.embedText(ids, signal)
    await subject.session.embedSpeech(rows, signal)
    onProgress?.({ stage: 'generate', fraction: (i + 1) / list.length })
  }
}
