/** Measures which columns of a model's weight matrices matter, from the matrices' inputs while the model runs. */

import { Importance } from '../../quantize/importance.js'
import type { Clip } from '../audio/clips.js'
import { abortSignal, callback, integer, path, pick } from '../base/check.js'
import { sourceFileOptions } from '../base/checkpoint_files.js'
import { ClvpError } from '../base/errors.js'
import { limits } from '../base/limits.js'
import type { LoadOptions, Progress } from '../loading/load_options.js'
import { pairs, readSamples, type Samples } from './samples.js'
import { type DrawSettings, Subject } from './subject.js'

/** Options of calibrate(), which include those of `Clvp.load`. */
export interface CalibrateOptions extends Omit<LoadOptions, 'onProgress'> {
  /** 1 to 10,000 texts like those that the model will speak. A few dozen are enough. */
  texts: readonly string[]
  /** Each clip is a separate voice; the texts use them in turn. Default: `Clvp.demoVoice`. */
  voices?: Clip | readonly Clip[] | undefined
  /** Drawn for each text, 1 to 1,024; default 4. */
  candidates?: number | undefined
  /** Most codes per candidate, 1 to the model's limit; default: that of `Clvp.generate`. */
  maxTokens?: number | undefined
  /** Seed of the first text; each further text uses the next one. 0 to 2^53 - 10,001, default 0. */
  seed?: number | undefined
  /** Called on the JavaScript thread; the stage 'generate' counts the texts. */
  onProgress?: ((progress: Progress) => void) | undefined
}

/** Types precise enough for a calibration. */
const precise = ['f32', 'f16', 'bf16']

/**
 * Runs a model on texts and voices as `Clvp` does (conditioning encoder, prefill, steps, both encoders), and returns the
 * mean square of the inputs of each column of its weight matrices. `convertFolder` and `quantizeFile` use these to choose
 * the scales of coarse types. Equal calls on one machine give equal results.
 *
 * @param source a .gguf file whose type is f32, f16 or bf16, or a checkpoint's folder or a hub id, converted once into a cache
 * @throws ClvpError CLVP_INVALID_ARGUMENT for a wrong option or a model of another type, CLVP_MODEL_FORMAT if the weights are damaged,
 *   and what `Clvp.load`, `voice` and `generate` throw; CLVP_ABORTED
 */
export async function calibrate(source: string, options: CalibrateOptions): Promise<Importance> {
  path(source, 'source')
  const given = pick(options, [...own, ...loading], 'options')
  const { texts, voices, candidates = 4, maxTokens, seed = 0, onProgress: progress, ...load } = given
  const onProgress = callback<(progress: Progress) => void>(progress, 'onProgress')
  const samples = readSamples(texts, voices)
  const settings: DrawSettings = {
    candidates: integer(candidates, 'candidates', 1, limits.batchSize),
    maxTokens: maxTokens === undefined ? undefined : integer(maxTokens, 'maxTokens', 1, 65536),
    seed: integer(seed, 'seed', 0, Number.MAX_SAFE_INTEGER - 10_000),
    signal: abortSignal(load.signal, 'signal'),
  }
  const subject = await Subject.load(source, { ...(load as LoadOptions), onProgress }, 'f16')
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

const own = ['texts', 'voices', 'candidates', 'maxTokens', 'seed', 'onProgress'] as const
const loading = ['device', 'threads', 'type', 'revision', 'signal', ...sourceFileOptions] as const

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
