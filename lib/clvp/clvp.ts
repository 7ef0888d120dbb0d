import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { clipMelChannels } from '../addon/contract/speech.js'
import { needPart } from '../addon/parts.js'
import { type Clip, takeClip, takeClips } from '../audio/clips.js'
import { concat } from '../audio/concat.js'
import type { Sound } from '../audio/sound.js'
import { Voice } from '../audio/voice.js'
import { requireModel } from '../audio/voice_origin.js'
import { ClvpError, disposedError } from '../base/errors.js'
import { readOptions } from '../base/options.js'
import { packageRoot } from '../base/package_root.js'
import { Tensor } from '../base/tensor.js'
import { checkpointSampling } from '../config/generation_config.js'
import { identify } from '../loading/identity.js'
import { type MemoryOptions, openModel } from '../loading/load.js'
import type { Session } from '../session/session.js'
import { type CandidateSoundOptions, candidateSound, type HeardCandidate } from '../speech/candidate_sound.js'
import type { Speaker } from '../speech/part_draw.js'
import { RandomVoiceModel } from '../speech/sound_stages.js'
import { Speaking } from '../speech/speak.js'
import type { SpeakOptions } from '../speech/speak_options.js'
import { Speech } from '../speech/speech.js'
import { SpeechStream } from '../speech/speech_stream.js'
import { isSpeakable, type Normalizer } from '../text/reading/reading.js'
import {
  type Explanation,
  explainText,
  type ReadText,
  readerOf,
  readText,
  type TextReader,
} from '../text/text.js'
import {
  type CallOptions,
  type ClvpLoadOptions,
  callTable,
  type ExplainOptions,
  type Preview,
  type PreviewOptions,
  previewTable,
  type RandomVoiceCallOptions,
  randomVoiceTable,
  readClvpLoadOptions,
  readingTable,
  type TextCallOptions,
  textTable,
  type VoiceOptions,
} from './call_options.js'
import { type Codes, forJson, takeHeard, takeRow, takeRows } from './codes.js'
import { type Compat, normalizerOf } from './compat.js'
import { ContentCache } from './content_cache.js'
import { byScore, generateRanked, type Listener } from './generate.js'
import type { GenerateOptions } from './generate_options.js'
import { checkWidth, readGenerateOptions } from './generate_plan.js'
import { identityOf, type ModelInfo, modelInfo } from './info.js'
import { type LatentsOptions, latentsOf, latentsTable } from './latents.js'
import { makeVoice, planVoice } from './make_voice.js'
import { tooMuch } from './memory.js'
import { MemoryBudget } from './memory_budget.js'
import { type MemoryPlan, type PlannedSound, withMemory } from './memory_plan.js'
import {
  encodeClip,
  needEncoder,
  needScoring,
  readTexts,
  type ScoredClip,
  type ScoreTable,
  scoreClips,
  tableOf,
} from './recordings.js'
import type { GenerateResult } from './result.js'
import { type StreamEvent, streamEvents } from './stream.js'

/**
 * A loaded CLVP model: turns a text and a voice into ranked speech-token candidates.
 *
 * Calls run side by side on the model's own threads: candidates of all calls share a batch, and other work runs between its
 * steps. Each call fails, is aborted and settles by itself. More than `maxCalls` at the same time are refused with CLVP_BUSY.
 *
 * @example
 * ```js
 * const clvp = await Clvp.load(Clvp.demo)
 * const voice = await clvp.voice(Clvp.demoVoice)
 * const { best } = await clvp.generate('Good morning.', { voice, candidates: 16, seed: 1 })
 * console.log(best.score, best.codes)
 * await clvp.dispose()
 * ```
 */
export class Clvp {
  /** Path of the embedded demo model. */
  static readonly demo: string = join(packageRoot, 'demo', 'demo.gguf')
  /** Path of the embedded demo voice, a few seconds of speech. */
  static readonly demoVoice: string = join(packageRoot, 'demo', 'voice.wav')

  /** Sizes and limits of the model. */
  readonly info: ModelInfo
  readonly #session: Session
  readonly #reader: TextReader
  readonly #cache: ContentCache
  readonly #maxMemory: number | undefined
  readonly #compat: Compat | undefined
  readonly #budget = new MemoryBudget()
  #disposed: Promise<void> | undefined

  private constructor(
    session: Session,
    reader: TextReader,
    { maxMemory, kvType }: MemoryOptions,
    id: string | undefined,
    compat: Compat | undefined,
  ) {
    this.#session = session
    this.#reader = reader
    this.#cache = new ContentCache(session)
    this.#maxMemory = maxMemory
    this.#compat = compat
    this.info = modelInfo(
      session.info,
      session.values,
      session.threads,
      checkpointSampling(session.values),
      kvType,
      id,
    )
  }

  /**
   * Loads a model.
   *
   * @example
   * ```js
   * const demo = await Clvp.load(Clvp.demo)                                  // the small model in the package
   * const large = await Clvp.load('./tortoise', { type: 'q8_0', onProgress: console.log })
   * ```
   *
   * @param source a .gguf file; or a checkpoint folder, which is converted once and kept in a cache ($CLVP_CACHE, or node-clvp
   *   in the system's cache folder); or, if no such path exists, `owner/name` on the Hugging Face hub, which is fetched first:
   *   docs/hub.md
   * @throws ClvpError CLVP_INVALID_ARGUMENT for a wrong option or type, CLVP_IO if the source cannot be read or fetched,
   *   CLVP_MODEL_FORMAT if it is not a CLVP model, CLVP_UNSUPPORTED if it needs a feature that this build lacks, CLVP_DEVICE for
   *   a device that is missing or has too little memory, CLVP_OUT_OF_MEMORY, CLVP_ABORTED
   */
  static async load(source: string, options: ClvpLoadOptions = {}): Promise<Clvp> {
    const { normalizer, compat, options: load } = readClvpLoadOptions(options)
    return openModel(source, load, 'f16', async (session, memory, file) => {
      const reader = readerOf(session.values, session.info, normalizer)
      const clvp = new Clvp(session, reader, memory, await identify(file, session.values), compat)
      const { maxMemory } = memory
      const least = clvp.info.estimateMemory({ candidates: 1, tokens: 1, textTokens: 1 })
      if (maxMemory !== undefined && least.total > maxMemory) {
        throw tooMuch('the smallest call', least, maxMemory, 'use a smaller type')
      }
      return clvp
    })
  }

  /**
   * Makes a voice from one or more clips; a folder stands for the clips in it. The model hears windows of `info.clipSeconds`
   * seconds, spread over the sound of all clips; at most the first ten minutes of a clip are read. {@link auditClip} tells what is
   * wrong with a clip. The `.pth` files in which tortoise keeps a voice's latents are read in place of clips.
   *
   * @example
   * ```js
   * const voice = await clvp.voice('voices/emma')          // wav, mp3, flac and ogg, ordered by name
   * const tortoise = await clvp.voice(['a.wav', 'b.mp3'], { windows: 'random', seed: 1 })
   * ```
   *
   * @throws ClvpError CLVP_INVALID_ARGUMENT for an invalid clip or option or a folder without clips, CLVP_AUDIO for damaged audio,
   *   an unknown format, or less than 0.1 s of sound, CLVP_MODEL_FORMAT for latents of another width, CLVP_IO for a file that
   *   cannot be read, CLVP_ABORTED, CLVP_DISPOSED
   */
  async voice(clips: Clip | readonly Clip[], options: VoiceOptions = {}): Promise<Voice> {
    this.#check()
    const plan = planVoice(clips, options, this.#compat)
    const { sampleRate, clipSeconds, decoder } = this.info
    const { width } = decoder
    const { info } = this.#session
    // Clips have as many mel channels as tortoise's model takes; another one has no voices of clips.
    const { width: half = 0, melChannels } = info.speech.diffusion ?? {}
    const diffusionWidth = info.diffusion && melChannels === clipMelChannels ? 2 * half : undefined
    const model = {
      sampleRate,
      clipSeconds,
      width,
      identity: identityOf(this.info),
      cache: this.#cache,
      diffusionWidth,
    }
    return this.#session.call(() => makeVoice(plan, model))
  }

  /**
   * Draws candidates for a text in a voice and ranks them, best first.
   *
   * @example
   * ```js
   * const { best, candidates } = await clvp.generate('Hello world.', { voice, candidates: 16, seed: 1 })
   * console.log(best.score, best.codes, candidates.length)
   * ```
   *
   * @throws ClvpError CLVP_INVALID_ARGUMENT for a bad text or option, CLVP_MODEL_FORMAT if the weights turn out to be damaged,
   *   CLVP_OUT_OF_MEMORY, CLVP_BUSY, CLVP_ABORTED, CLVP_DISPOSED
   */
  async generate(text: string, options: GenerateOptions): Promise<GenerateResult> {
    this.#check()
    const { read, plan } = this.#plan(text, options)
    return this.#run(read, plan)
  }

  /**
   * generate() as a stream of events. Leaving the loop early stops the work. Events wait in memory until they are read.
   *
   * @example
   * ```js
   * for await (const event of clvp.stream('Hello world.', { voice, candidates: 4 })) {
   *   if (event.type === 'candidate') console.log(event.candidate.index, event.candidate.seconds)
   *   if (event.type === 'done') console.log(event.result.best.score)
   * }
   * ```
   *
   * @throws ClvpError CLVP_INVALID_ARGUMENT, CLVP_OUT_OF_MEMORY if the call exceeds `maxMemory`, or CLVP_DISPOSED at once; the
   *   loop throws other errors
   */
  stream(text: string, options: GenerateOptions): AsyncIterableIterator<StreamEvent> {
    this.#check()
    const info = this.#session.info
    const { read, plan } = this.#plan(text, options)
    return streamEvents(plan.signal, info.eos, (signal, listener) =>
      this.#run(read, { ...plan, signal }, listener),
    )
  }

  /**
   * Speaks a text in a voice: draws candidates, ranks them, and turns the best into sound at 24 kHz. A long text is spoken part by part:
   * docs/speech.md, docs/long-texts.md.
   *
   * @example
   * ```js
   * const sound = await clvp.speak('Hello world.', { voice, candidates: 16, seed: 1 })
   * await sound.save('hello.wav')
   * ```
   *
   * @throws ClvpError as generate() does; CLVP_UNSUPPORTED for a model that cannot speak, and for words in brackets
   */
  async speak(text: string, options: SpeakOptions): Promise<Speech> {
    const stream = this.speakStream(text, options)
    const pieces: Float32Array[] = []
    for await (const { samples } of stream) pieces.push(samples)
    return new Speech(concat(pieces), stream.spoken)
  }

  /**
   * speak() as a stream of sound: the same samples, as soon as they are made. With `candidates: 1` and HiFi-GAN the sound begins after some
   * 20 codes; with more, once the first part of the text is ranked. Leaving the loop stops the work.
   *
   * @example
   * ```js
   * for await (const { samples } of clvp.speakStream('Hello world.', { voice, candidates: 1 })) play(samples)
   * ```
   *
   * @throws ClvpError as speak(): for bad arguments at once, others from the loop
   */
  speakStream(text: string, options: SpeakOptions): SpeechStream {
    this.#check()
    return new SpeechStream(this.#session, new Speaking(this.#speaker, text, options))
  }

  /**
   * The sound of a candidate of generate() or speak(), also after JSON: another one than the best, or the same one by the other way. For
   * the candidate that speak() chose it is the same sound.
   *
   * @example
   * ```js
   * const { candidates } = await clvp.generate(text, { voice, candidates: 16 })
   * const second = await clvp.candidateSound(text, candidates[1], { voice })
   * ```
   *
   * @param text what the candidate says: of a part of a long text, `text.text`
   * @throws ClvpError as speak()
   */
  async candidateSound(
    text: string,
    candidate: HeardCandidate,
    options: CandidateSoundOptions,
  ): Promise<Sound> {
    this.#check()
    return candidateSound(this.#speaker, text, candidate, options)
  }

  /**
   * A random voice, if the model has the part 'random'. The same seed gives the same voice.
   *
   * @example
   * ```js
   * const nobody = await clvp.randomVoice({ seed: 1 })
   * ```
   *
   * @throws ClvpError CLVP_INVALID_ARGUMENT, CLVP_UNSUPPORTED for a model that makes none, CLVP_ABORTED, CLVP_DISPOSED
   */
  async randomVoice(options: RandomVoiceCallOptions = {}): Promise<Voice> {
    this.#check()
    const { seed = randomInt(2 ** 47), signal } = readOptions(randomVoiceTable, options, 'options')
    const model = identityOf(this.info)
    const { decoder, diffusion } = await new RandomVoiceModel(this.#session).sample({ seed, signal })
    if (!decoder) {
      throw new ClvpError(
        'CLVP_UNSUPPORTED',
        "Expected a model with random voices of the decoder but this one has none: convert it with tortoise's rlg_auto.pth",
      )
    }
    return new Voice(decoder.data, 1, { ...(model && { model }), seed }, diffusion?.data)
  }

  /** What speaking needs of this model. */
  get #speaker(): Speaker {
    return {
      session: this.#session,
      info: this.info,
      generate: (text, options, sound, listener) => {
        const { read, plan } = this.#plan(text, options, sound)
        return this.#run(read, plan, listener)
      },
      prompt: (text, options, sound) => {
        const { read, plan } = this.#plan(text, options, sound)
        return { textIds: read.ids, voice: Float32Array.from(plan.voice.embedding) }
      },
      read: (text, options) => {
        const { normalizer, compat } = options
        const how = normalizerOf(readOptions(readingTable, { normalizer, compat }, 'options'))
        const { normalized, remaining } = explainText(this.#reader, text, how)
        return isSpeakable(normalized) ? { normalized, remaining } : undefined
      },
      compat: ({ compat = this.#compat }) => compat,
    }
  }

  /**
   * Scores rows of codes against a text, best first. Each row is scored by itself and unchanged, without padding or fixing.
   *
   * @example
   * ```js
   * const [first] = await clvp.rank('Hello world.', [candidates[0].codes, candidates[1].codes])
   * console.log(first.index, first.score)
   * ```
   *
   * @param rows each of 1 to 4,096 codes below `info.speechVocabulary`; of a candidate its `codes`
   * @returns `index` into `rows`, and `score`: cosine * exp(logit_scale)
   * @throws ClvpError CLVP_INVALID_ARGUMENT for a bad text or row, CLVP_ABORTED, CLVP_DISPOSED
   */
  async rank(
    text: string,
    rows: readonly Codes[],
    options: TextCallOptions = {},
  ): Promise<{ index: number; score: number }[]> {
    this.#check()
    const { signal, ...reading } = readOptions(textTable, options, 'options')
    const { ids } = this.#read(text, normalizerOf(reading))
    const taken = takeRows(rows)
    const { scores } = await this.#session.call(() => this.#cache.score(ids, taken, signal))
    return [...scores].map((score, index) => ({ index, score })).sort(byScore)
  }

  /**
   * Codes of a whole recording, `info.secondsPerCode` seconds each, for rank() and embedSpeech(): docs/scoring.md.
   *
   * @example
   * ```js
   * const codes = await clvp.encode('take1.wav')
   * console.log(codes.length * clvp.info.secondsPerCode)
   * ```
   *
   * @param clip a path, the bytes of an audio file, or samples; 1 to 4,096 codes long, three minutes with the published sizes
   * @throws ClvpError CLVP_UNSUPPORTED for a model without an encoder (`info.encoder`), CLVP_INVALID_ARGUMENT for a bad clip or a
   *   recording that is too long, CLVP_AUDIO for damaged audio or an unknown format, CLVP_IO, CLVP_ABORTED, CLVP_DISPOSED
   */
  async encode(clip: Clip, options: CallOptions = {}): Promise<Int32Array> {
    this.#check()
    const { signal } = readOptions(callTable, options, 'options')
    needEncoder(this.#session.info)
    const taken = { clip: takeClip(clip, 'clip'), name: typeof clip === 'string' ? clip : 'clip' }
    return this.#session.call(() => encodeClip(this.#session, taken, signal))
  }

  /**
   * Scores recordings against a text, best first: which of them says it best? Each is scored by itself: docs/scoring.md.
   *
   * @example
   * ```js
   * const [best] = await clvp.score('Hello world.', ['take1.wav', 'take2.wav'])
   * console.log(best.clip, best.score)
   * ```
   *
   * @param clips as voice() takes them: one clip or several, a folder stands for the clips in it
   * @throws ClvpError as encode() and rank() do
   */
  async score(
    text: string,
    clips: Clip | readonly Clip[],
    options: TextCallOptions = {},
  ): Promise<ScoredClip[]> {
    this.#check()
    const { signal, ...reading } = readOptions(textTable, options, 'options')
    needScoring(this.#session.info)
    const { ids } = this.#read(text, normalizerOf(reading))
    const taken = takeClips(clips)
    return this.#session.call(() => scoreClips(this.#session, this.#cache, ids, taken, signal))
  }

  /**
   * Scores all pairs of texts and recordings: which of these texts does each recording say? Scores are those of score().
   *
   * @example
   * ```js
   * const { scores, clips } = await clvp.scoreTable(['Hello world.', 'Good morning.'], 'recordings')
   * for (const [i, { clip }] of clips.entries()) console.log(clip, scores[i])
   * ```
   *
   * @param texts one or more
   * @param clips as score() takes them
   * @throws ClvpError as score() does
   */
  async scoreTable(
    texts: readonly string[],
    clips: Clip | readonly Clip[],
    options: TextCallOptions = {},
  ): Promise<ScoreTable> {
    this.#check()
    const { signal, ...reading } = readOptions(textTable, options, 'options')
    needScoring(this.#session.info)
    const read = readTexts(texts, (text) => this.#read(text, normalizerOf(reading)))
    const taken = takeClips(clips)
    return this.#session.call(() => tableOf(this.#session, this.#cache, read, taken, signal))
  }

  /**
   * The latents of codes, [codes, `info.decoder.width`]: for each code the decoder's hidden state, after the
   * final norm, that predicts it, from the text, the voice and the codes before. tortoise's diffusion stage makes
   * sound of them: docs/tortoise.md. `latents: true` of generate() gives the same for each candidate.
   *
   * @example
   * ```js
   * const { best } = await clvp.generate(text, { voice })
   * const { data, dims } = await clvp.latents(text, best, { voice })
   * ```
   *
   * @param codes 1 to `info.maxTokens` codes below `info.decoder.vocabulary`; of a candidate its `codes`
   * @throws ClvpError CLVP_INVALID_ARGUMENT for a bad text, row or option, CLVP_UNSUPPORTED without the decoder,
   *   CLVP_ABORTED, CLVP_DISPOSED
   */
  async latents(text: string, codes: Codes, options: LatentsOptions): Promise<Tensor<Float32Array>> {
    this.#check()
    const { info } = this.#session
    needPart('decoder', info, 'load the decoder')
    const { voice, positions, signal, ...reading } = readOptions(latentsTable, options, 'options')
    checkWidth(voice, info)
    requireModel(voice.origin.model, identityOf(this.info), 'voice')
    const { ids } = this.#read(text, normalizerOf(reading))
    const prompt = { textIds: ids, voice: Float32Array.from(voice.embedding) }
    return latentsOf(this.#session, prompt, takeRow(codes), positions, signal)
  }

  /**
   * L2-normalised embedding [`info.projection`] of a text as generate() ranks it: with one stop appended.
   *
   * @example
   * ```js
   * const embedding = await clvp.embedText('Hello world.')
   * ```
   *
   * @throws ClvpError CLVP_INVALID_ARGUMENT for a bad text, CLVP_ABORTED, CLVP_DISPOSED
   */
  async embedText(text: string, options: TextCallOptions = {}): Promise<Float32Array> {
    this.#check()
    const { signal, ...reading } = readOptions(textTable, options, 'options')
    const { ids } = this.#read(text, normalizerOf(reading))
    return forJson(await this.#cache.embedText(ids, signal))
  }

  /**
   * L2-normalised embedding [`info.projection`] of a row of codes, unchanged.
   *
   * @example
   * ```js
   * const [said, meant] = [await clvp.embedSpeech(best.codes), await clvp.embedText(text)]
   * const cosine = said.reduce((sum, each, i) => sum + each * meant[i], 0)
   * ```
   *
   * @param codes 1 to 4,096 codes below `info.speechVocabulary`; of a candidate its `codes`
   * @throws ClvpError CLVP_INVALID_ARGUMENT for bad codes, CLVP_ABORTED, CLVP_DISPOSED
   */
  async embedSpeech(codes: Codes, options: CallOptions = {}): Promise<Float32Array> {
    this.#check()
    const { signal } = readOptions(callTable, options, 'options')
    return forJson(await this.#session.embedSpeech([takeRow(codes)], signal))
  }

  /**
   * The mel spectrogram of codes from the model's codebook: natural logarithm of mel power, [channels, frames], four frames per
   * code, before the division by the model's mel norms.
   *
   * @example
   * ```js
   * const { data, dims } = await clvp.codesToMel(best.drawnCodes)
   * console.log(dims)
   * ```
   *
   * @param codes 1 to 4,096 codes below `info.codebook.codes`: no start and no stop; of a candidate its `drawnCodes`
   * @throws ClvpError CLVP_UNSUPPORTED for a model without a codebook, CLVP_INVALID_ARGUMENT for bad codes, CLVP_ABORTED,
   *   CLVP_DISPOSED
   */
  async codesToMel(codes: Codes, options: CallOptions = {}): Promise<Tensor<Float32Array>> {
    this.#check()
    const { signal } = readOptions(callTable, options, 'options')
    const { data, channels, frames } = await this.#session.codesToMel(takeHeard(codes), signal)
    return new Tensor(data, [channels, frames])
  }

  /**
   * A rough rendering of codes as sound: metallic, but each word can be made out. It takes the codebook's frames, inverts the
   * model's mel filterbank by non-negative factors (Lee and Seung 2001), and finds phases by the fast Griffin-Lim algorithm
   * (Perraudin, Balazs and Søndergaard 2013). Equal codes give equal samples, `info.secondsPerCode` seconds for each code. A
   * sound that would clip is scaled down.
   *
   * @example
   * ```js
   * const { samples, sampleRate } = await clvp.preview(best.drawnCodes)
   * await writeWav('preview.wav', samples, sampleRate)
   * ```
   *
   * @param codes 1 to 4,096 codes below `info.codebook.codes`: no start and no stop; of a candidate its `drawnCodes`
   * @throws ClvpError CLVP_UNSUPPORTED for a model without a codebook, CLVP_INVALID_ARGUMENT for bad codes or options,
   *   CLVP_OUT_OF_MEMORY, CLVP_ABORTED, CLVP_DISPOSED
   */
  async preview(codes: Codes, options: PreviewOptions = {}): Promise<Preview> {
    this.#check()
    const { iterations, signal } = readOptions(previewTable, options, 'options')
    return this.#session.preview(takeHeard(codes), iterations, signal)
  }

  /**
   * Explains how the model reads a text: its spoken form, what was changed for that, dropped characters, its tokens, and how many
   * more would fit.
   *
   * @example
   * ```js
   * const { normalized, dropped, remaining } = await clvp.explain('Dr. Smith paid $5.')
   * console.log(normalized, dropped, remaining)
   * ```
   *
   * @throws ClvpError CLVP_INVALID_ARGUMENT for a value that is not a string of at most 100,000 characters, CLVP_DISPOSED
   */
  async explain(text: string, options: ExplainOptions = {}): Promise<Explanation> {
    this.#check()
    const normalizer = normalizerOf(readOptions(readingTable, options, 'options'))
    return explainText(this.#reader, text, normalizer)
  }

  /**
   * Ends all running and waiting calls, and frees the memory. These and all later calls reject with CLVP_DISPOSED.
   *
   * @example
   * ```js
   * const clvp = await Clvp.load(Clvp.demo)
   * try {
   *   console.log(await clvp.explain('Hello world.'))
   * } finally {
   *   await clvp.dispose()
   * }
   * ```
   */
  dispose(): Promise<void> {
    if (!this.#disposed) {
      this.#disposed = this.#session.dispose()
      this.#budget.close()
    }
    return this.#disposed
  }

  /** Reads a text; without a normalizer as the model was loaded to. */
  #read(text: string, normalizer: Normalizer | undefined): ReadText {
    return readText(this.#reader, text, normalizer)
  }

  /** @param sound what is made of the best candidate */
  #plan(text: string, options: GenerateOptions, sound?: PlannedSound): { read: ReadText; plan: MemoryPlan } {
    const info = this.#session.info
    needPart('decoder', info, 'load the decoder')
    const { values } = this.#session
    const model = { info, values, sampling: this.info.sampling, compat: this.#compat }
    const plan = readGenerateOptions(options, model)
    requireModel(plan.voice.origin.model, identityOf(this.info), 'voice')
    if (plan.scores !== 'none' || plan.prune > 0)
      needPart('ranker', info, "load both parts, or generate with scores: 'none'")
    const read = this.#read(text, plan.normalizer)
    return { read, plan: withMemory(plan, read.ids.length, this.info, this.#maxMemory, sound) }
  }

  /** Draws and ranks as soon as the call fits the memory limit. */
  #run(read: ReadText, plan: MemoryPlan, listener?: Listener): Promise<GenerateResult> {
    const { bytes, maxMemory, signal } = plan
    const most = maxMemory === undefined ? undefined : maxMemory - this.info.bytes
    return this.#session.call(() =>
      this.#budget.run({ bytes, most, signal }, () =>
        generateRanked(this.#session, this.#cache, read, plan, listener),
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
