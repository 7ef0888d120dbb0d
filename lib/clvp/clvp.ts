import { join } from 'node:path'
import { isTorchFile, readLatents } from '../../quantize/formats/latents.js'
import { packageRoot } from '../addon/addon.js'
import { checkMemory } from '../addon/free_memory.js'
import { needPart } from '../addon/parts.js'
import { type Clip, readClip, takeClip } from '../audio/clips.js'
import { Voice } from '../audio/voice.js'
import { onAbort, withAbort } from '../base/abort.js'
import { abortSignal, integer, oneOf, pick } from '../base/check.js'
import { disposedError, invalid } from '../base/errors.js'
import { EventStream } from '../base/event_stream.js'
import { limits } from '../base/limits.js'
import { Tensor } from '../base/tensor.js'
import { checkpointSampling } from '../config/generation_config.js'
import { type MemoryOptions, openModel } from '../loading/load.js'
import type { LoadOptions } from '../loading/load_options.js'
import type { Session } from '../session/session.js'
import { type Explanation, explainText, textIds, tokenizerOf } from '../text/text.js'
import type { ClvpTokenizer } from '../text/tokenizer.js'
import { ContentCache } from './content_cache.js'
import { byScore, generateRanked, type Listener, type SizedPlan } from './generate.js'
import { type GenerateOptions, readGenerateOptions } from './generate_options.js'
import { type ModelInfo, modelInfo } from './info.js'
import { fitBatch, tooMuch } from './memory.js'
import { MemoryBudget } from './memory_budget.js'
import type { DrawnCandidate, GenerateResult } from './result.js'

/** The events of stream(), in order: codes as they are drawn, candidates as they end, the ranked result last. */
export type StreamEvent =
  | { type: 'token'; candidate: number; code: number }
  | { type: 'candidate'; candidate: DrawnCandidate }
  | { type: 'done'; result: GenerateResult }

/** A plan with the bytes that it takes in addition to the weights. */
type MemoryPlan = SizedPlan & { bytes: number }

/** Options of voice(). */
export interface VoiceOptions {
  /** How several clips become one voice. 'mean' (default, the only choice): the mean of their vectors, as in tortoise. */
  combine?: 'mean' | undefined
  /** Stops the call with CLVP_ABORTED. */
  signal?: AbortSignal | undefined
}

/** Options of preview(). */
export interface PreviewOptions {
  /** Iterations of the phase search, 1 to 1,000; default 60. More give a clearer sound and take proportionally longer. */
  iterations?: number | undefined
  /** Stops the call with CLVP_ABORTED. */
  signal?: AbortSignal | undefined
}

/** A sound: mono samples in [-1, 1], `sampleRate` in Hz. It can be a clip of voice(). */
export interface Preview {
  samples: Float32Array
  sampleRate: number
}

/** Options of rank, embedText, embedSpeech and codesToMel. */
export interface CallOptions {
  /** Stops the call with CLVP_ABORTED. */
  signal?: AbortSignal | undefined
}

/**
 * A loaded CLVP model: turns a text and a voice into ranked speech-token candidates.
 *
 * Calls run side by side on the model's own threads: candidates of all calls share a batch, and other work runs between its
 * steps. Each call fails, is aborted and settles by itself. More than `maxCalls` at the same time are refused with CLVP_BUSY.
 */
export class Clvp {
  /** Path of the embedded demo model. */
  static readonly demo: string = join(packageRoot, 'demo', 'demo.gguf')
  /** Path of the embedded demo voice, a few seconds of speech. */
  static readonly demoVoice: string = join(packageRoot, 'demo', 'voice.wav')

  /** Sizes and limits of the model. */
  readonly info: ModelInfo
  readonly #session: Session
  readonly #tokenizer: ClvpTokenizer
  readonly #cache: ContentCache
  readonly #maxMemory: number | undefined
  readonly #budget = new MemoryBudget()
  #disposed: Promise<void> | undefined

  private constructor(session: Session, tokenizer: ClvpTokenizer, { maxMemory, kvType }: MemoryOptions) {
    this.#session = session
    this.#tokenizer = tokenizer
    this.#cache = new ContentCache(session)
    this.#maxMemory = maxMemory
    this.info = modelInfo(session.info, session.threads, checkpointSampling(session.values), kvType)
  }

  /**
   * Loads a model.
   *
   * @param source a .gguf file; or a checkpoint folder, which is converted once and kept in a cache ($CLVP_CACHE, or node-clvp
   *   in the system's cache folder); or, if no such path exists, `owner/name` on the Hugging Face hub, which is fetched first:
   *   docs/hub.md
   * @throws ClvpError CLVP_INVALID_ARGUMENT for a wrong option or type, CLVP_IO if the source cannot be read or fetched,
   *   CLVP_MODEL_FORMAT if it is not a CLVP model, CLVP_UNSUPPORTED if it needs a feature that this build lacks, CLVP_DEVICE for
   *   a device that is missing or has too little memory, CLVP_OUT_OF_MEMORY, CLVP_ABORTED
   */
  static async load(source: string, options: LoadOptions = {}): Promise<Clvp> {
    return openModel(source, options, 'f16', (session, memory) => {
      const clvp = new Clvp(session, tokenizerOf(session.values, session.info), memory)
      const { maxMemory } = memory
      const least = clvp.info.estimateMemory({ candidates: 1, tokens: 1, textTokens: 1 })
      if (maxMemory !== undefined && least.total > maxMemory) {
        throw tooMuch('the smallest call', least, maxMemory, 'use a smaller type')
      }
      return clvp
    })
  }

  /**
   * Makes a voice from one or more clips. Uses the first `info.clipSeconds` seconds of each. A clip may also be the `.pth` file
   * of a voice that tortoise saved, whose latents count like those of a clip.
   *
   * @throws ClvpError CLVP_INVALID_ARGUMENT for an invalid clip, CLVP_AUDIO for damaged or empty audio or an unknown format,
   *   CLVP_MODEL_FORMAT for a `.pth` file that is no voice of this model's width, CLVP_IO for a file that cannot be read,
   *   CLVP_ABORTED, CLVP_DISPOSED
   */
  async voice(clips: Clip | readonly Clip[], options: VoiceOptions = {}): Promise<Voice> {
    this.#check()
    const given = pick(options, ['combine', 'signal'], 'options')
    const signal = abortSignal(given.signal, 'signal')
    if (given.combine !== undefined) oneOf(given.combine, 'combine', ['mean'])
    const list: readonly unknown[] = Array.isArray(clips) ? clips : [clips]
    if (list.length === 0) throw invalid('at least one clip', 'clips', clips)
    const { sampleRate, clipSeconds } = this.info
    const nameOf = (i: number) => (Array.isArray(clips) ? `clips[${i}]` : 'clips')
    const taken = Array.from(list, (clip, i) => takeClip(clip, nameOf(i), clipSeconds))
    return this.#session.call(async () => {
      const vectors: Float32Array[] = []
      for (const [i, clip] of taken.entries()) {
        if (isTorchFile(clip)) {
          vectors.push(await readLatents(clip, nameOf(i), this.info.decoder.width))
          continue
        }
        const samples = await withAbort(
          signal,
          () => {},
          () => readClip(clip, nameOf(i), sampleRate, clipSeconds),
        )
        vectors.push(await this.#cache.condition(samples, signal))
      }
      return Voice.mean(vectors)
    })
  }

  /**
   * Draws candidates for a text in a voice and ranks them, best first.
   *
   * @throws ClvpError CLVP_INVALID_ARGUMENT for a bad text or option, CLVP_MODEL_FORMAT if the weights turn out to be damaged,
   *   CLVP_OUT_OF_MEMORY, CLVP_BUSY, CLVP_ABORTED, CLVP_DISPOSED
   */
  async generate(text: string, options: GenerateOptions): Promise<GenerateResult> {
    this.#check()
    const { ids, plan } = this.#plan(text, options)
    return this.#run(ids, plan)
  }

  /**
   * generate() as a stream of events. Leaving the loop early stops the work. Events wait in memory until they are read.
   *
   * @throws ClvpError CLVP_INVALID_ARGUMENT, CLVP_OUT_OF_MEMORY if the call exceeds `maxMemory`, or CLVP_DISPOSED at once; the
   *   loop throws other errors
   */
  stream(text: string, options: GenerateOptions): AsyncIterableIterator<StreamEvent> {
    this.#check()
    const info = this.#session.info
    const { ids, plan } = this.#plan(text, options)
    const leave = new AbortController()
    const forget = plan.signal && onAbort(plan.signal, () => leave.abort(plan.signal?.reason))
    if (plan.signal?.aborted) leave.abort(plan.signal.reason)
    const events = new EventStream<StreamEvent>(() => leave.abort())
    const listener: Listener = {
      onStep(pairs) {
        for (let i = 0; i < pairs.length; i += 2) {
          const code = pairs[i + 1]!
          if (code !== info.eos) events.push({ type: 'token', candidate: pairs[i]!, code })
        }
      },
      onCandidate: (candidate) => events.push({ type: 'candidate', candidate }),
    }
    this.#run(ids, { ...plan, signal: leave.signal }, listener)
      .finally(forget)
      .then(
        (result) => {
          events.push({ type: 'done', result })
          events.end()
        },
        (error) => events.fail(error),
      )
    return events
  }

  /**
   * Scores rows of codes against a text, best first. Each row is scored by itself and unchanged, without padding or fixing.
   *
   * @param rows each of 1 to 4,096 codes below `info.speechVocabulary`
   * @returns `index` into `rows`, and `score`: cosine * exp(logit_scale)
   * @throws ClvpError CLVP_INVALID_ARGUMENT for a bad text or row, CLVP_ABORTED, CLVP_DISPOSED
   */
  async rank(
    text: string,
    rows: readonly Int32Array[],
    options: CallOptions = {},
  ): Promise<{ index: number; score: number }[]> {
    this.#check()
    const signal = readSignal(options)
    const ids = textIds(this.#tokenizer, text, this.#session.info)
    const taken = readRows(rows)
    const { scores } = await this.#session.call(() => this.#cache.score(ids, taken, signal))
    return [...scores].map((score, index) => ({ index, score })).sort(byScore)
  }

  /**
   * L2-normalised embedding [`info.projection`] of a text as generate() ranks it: with one stop appended.
   *
   * @throws ClvpError CLVP_INVALID_ARGUMENT for a bad text, CLVP_ABORTED, CLVP_DISPOSED
   */
  async embedText(text: string, options: CallOptions = {}): Promise<Float32Array> {
    this.#check()
    const signal = readSignal(options)
    return this.#cache.embedText(textIds(this.#tokenizer, text, this.#session.info), signal)
  }

  /**
   * L2-normalised embedding [`info.projection`] of a row of codes, unchanged.
   *
   * @param codes 1 to 4,096 codes below `info.speechVocabulary`
   * @throws ClvpError CLVP_INVALID_ARGUMENT for bad codes, CLVP_ABORTED, CLVP_DISPOSED
   */
  async embedSpeech(codes: Int32Array, options: CallOptions = {}): Promise<Float32Array> {
    this.#check()
    const signal = readSignal(options)
    return this.#session.embedSpeech(readRows([codes]), signal)
  }

  /**
   * The mel spectrogram of codes from the model's codebook: natural logarithm of mel power, [channels, frames], four frames per
   * code, before the division by the model's mel norms.
   *
   * @param codes 1 to 4,096 codes below `info.codebook.codes`: no start and no stop
   * @throws ClvpError CLVP_UNSUPPORTED for a model without a codebook, CLVP_INVALID_ARGUMENT for bad codes, CLVP_ABORTED,
   *   CLVP_DISPOSED
   */
  async codesToMel(codes: Int32Array, options: CallOptions = {}): Promise<Tensor<Float32Array>> {
    this.#check()
    const signal = readSignal(options)
    const { data, channels, frames } = await this.#session.codesToMel(readRows([codes])[0]!, signal)
    return new Tensor(data, [channels, frames])
  }

  /**
   * A rough rendering of codes as sound: metallic, but each word can be made out. It takes the codebook's frames, inverts the
   * model's mel filterbank by non-negative factors (Lee and Seung 2001), and finds phases by the fast Griffin-Lim algorithm
   * (Perraudin, Balazs and Søndergaard 2013). Equal codes give equal samples, `info.secondsPerCode` seconds for each code. A
   * sound that would clip is scaled down.
   *
   * @param codes 1 to 4,096 codes below `info.codebook.codes`: no start and no stop
   * @throws ClvpError CLVP_UNSUPPORTED for a model without a codebook, CLVP_INVALID_ARGUMENT for bad codes or options,
   *   CLVP_OUT_OF_MEMORY, CLVP_ABORTED, CLVP_DISPOSED
   */
  async preview(codes: Int32Array, options: PreviewOptions = {}): Promise<Preview> {
    this.#check()
    const given = pick(options, ['iterations', 'signal'], 'options')
    const { iterations = 60 } = given
    const signal = abortSignal(given.signal, 'signal')
    return this.#session.preview(
      readRows([codes])[0]!,
      integer(iterations, 'iterations', 1, limits.previewIterations),
      signal,
    )
  }

  /**
   * Explains how the model reads a text: its spoken form, its tokens, dropped characters, and how many more tokens fit.
   *
   * @throws ClvpError CLVP_INVALID_ARGUMENT for a value that is not a string, CLVP_DISPOSED
   */
  async explain(text: string): Promise<Explanation> {
    this.#check()
    return explainText(this.#tokenizer, text, this.#session.info)
  }

  /** Ends all running and waiting calls, and frees the memory. These and all later calls reject with CLVP_DISPOSED. */
  dispose(): Promise<void> {
    if (!this.#disposed) {
      this.#disposed = this.#session.dispose()
      this.#budget.close()
    }
    return this.#disposed
  }

  /** The plan of a generate() call, with a batch size that fits the call's memory limit. */
  #plan(text: string, options: GenerateOptions): { ids: Int32Array; plan: MemoryPlan } {
    const info = this.#session.info
    needPart('decoder', info, 'load the decoder')
    const plan = readGenerateOptions(options, info, this.info.sampling)
    if (plan.scores !== 'none') needPart('ranker', info, "load both parts, or generate with scores: 'none'")
    const ids = textIds(this.#tokenizer, text, info)
    const { candidates, maxTokens: tokens, scores, padTo, maxMemory = this.#maxMemory } = plan
    const rows = plan.beams?.beams ?? candidates // all beams are decoded together
    // For this call alone: the batch may also hold candidates of other calls, which have their own estimates.
    const estimate = (batchSize: number) =>
      this.info.estimateMemory({
        candidates: rows,
        tokens,
        batchSize: Math.min(batchSize, rows),
        textTokens: ids.length,
        scores,
        padTo,
      })
    const batch = plan.beams
      ? { wanted: rows, option: 'beams' }
      : { wanted: plan.batchSize, option: 'batchSize' }
    const batchSize = fitBatch({ ...batch, candidates: rows, maxMemory, estimate })
    // On another device the allocation itself fails with an error.
    if (info.device === 'CPU') {
      checkMemory(estimate(batchSize).total - this.info.bytes, 'use a smaller batchSize or maxTokens')
    }
    return {
      ids,
      plan: { ...plan, batchSize, maxMemory, bytes: estimate(batchSize).total - this.info.bytes },
    }
  }

  /** Draws and ranks as soon as the call fits the memory limit. */
  #run(ids: Int32Array, plan: MemoryPlan, listener?: Listener): Promise<GenerateResult> {
    const { bytes, maxMemory, signal } = plan
    const most = maxMemory === undefined ? undefined : maxMemory - this.info.bytes
    return this.#session.call(() =>
      this.#budget.run({ bytes, most, signal }, () =>
        generateRanked(this.#session, this.#cache, ids, plan, listener),
      ),
    )
  }

  #check(): void {
    if (this.#disposed) throw disposedError()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose()
  }
}

function readSignal(options: unknown): AbortSignal | undefined {
  return abortSignal(pick(options, ['signal'], 'options').signal, 'signal')
}

/** Copies rows of codes, since the call may have to wait. */
function readRows(rows: unknown): Int32Array[] {
  if (!Array.isArray(rows) || rows.length === 0) throw invalid('an array of Int32Array codes', 'codes', rows)
  return Array.from(rows, (row: unknown, i) => {
    if (!(row instanceof Int32Array)) throw invalid('an Int32Array', `codes[${i}]`, row)
    return row.length === 0 ? new Int32Array() : new Int32Array(row) // a detached array cannot be copied
  })
}
