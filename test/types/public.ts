/**
 * The public types, as a user's program sees them: compiled by test/package/public-types.test.js and never run. Each line that must not
 * compile is marked; the compiler complains when one does.
 */
import {
  type AddStagesResult,
  addStages,
  auditClip,
  type Candidate,
  type CausalLMOutput,
  type ClipAudit,
  Clvp,
  ClvpConfig,
  ClvpDecoderConfig,
  ClvpEncoderConfig,
  type ClvpEncoderOutput,
  ClvpError,
  type ClvpErrorCode,
  ClvpFeatureExtractor,
  type ClvpGenerateOutput,
  ClvpModelForConditionalGeneration,
  ClvpProcessor,
  ClvpTokenizer,
  type Compat,
  convertFolder,
  type Device,
  devices,
  type EncoderKind,
  encodeSound,
  type FindingCode,
  type GenerateResult,
  inspectModel,
  joinSounds,
  type LogitsProcessor,
  melPlot,
  splitText,
  type TextPart,
  type PastKeyValues,
  type Preview,
  type PulledModel,
  pullModel,
  readSoundMetadata,
  Sound,
  SoundJoiner,
  type SoundMetadata,
  type Speech,
  type SpeechEvent,
  type SpokenPart,
  type SpokenText,
  saveSound,
  soundMetadata,
  type ScoredClip,
  type StageOption,
  type ScoreTable,
  type StoppingCriteria,
  type StreamEvent,
  Tensor,
  toSrt,
  Voice,
  type VoiceClip,
  writeWav,
} from 'node-clvp'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function same<A, B>(_: Equal<A, B>): void {}

export async function speech(clvp: Clvp, voice: Voice): Promise<void> {
  const sound = await clvp.speak('Hi.', { voice, candidates: 2, speech: 'diffusion', steps: 30, partsFolder: 'parts' })
  same<typeof sound, Speech>(true)
  const samples: Float32Array = sound.samples
  const other = await clvp.candidateSound('Hi.', sound.candidates[1]!, { voice, guidance: 0 })
  same<typeof other, Sound>(true)
  const stream = clvp.speakStream('Hi.', { voice, preset: 'fast', onProgress: ({ stage, parts }) => [stage, parts] })
  for await (const event of stream) same<typeof event, SpeechEvent>(true)
  same<typeof stream.spoken, SpokenText>(true)
  const { parts }: SpokenText = sound
  const random: Voice = await clvp.randomVoice({ seed: 1 })
  // @ts-expect-error latents are no option of speak()
  await clvp.speak('Hi.', { voice: random, latents: true })
  // @ts-expect-error a voice is needed
  clvp.speakStream('Hi.', { candidates: 1 })
  void [samples, parts]
}

export async function upper(): Promise<void> {
  await using clvp = await Clvp.load(Clvp.demo, { threads: 1, type: 'q8_0' })
  const voice = await clvp.voice(Clvp.demoVoice)
  same<typeof voice, Voice>(true)
  const result = await clvp.generate('Hi.', { voice, candidates: 2, signal: new AbortController().signal })
  same<typeof result, GenerateResult>(true)
  same<typeof result.best, Candidate>(true)
  same<typeof result.best.codes, Int32Array>(true)
  for await (const event of clvp.stream('Hi.', { voice })) {
    same<typeof event, StreamEvent>(true)
    if (event.type === 'token') same<typeof event.code, number>(true)
    if (event.type === 'done') same<typeof event.result, GenerateResult>(true)
  }
  const ranked = await clvp.rank('Hi.', [new Int32Array([1])])
  same<typeof ranked, { index: number; score: number }[]>(true)
  const embedding: Float32Array = await clvp.embedText('Hi.')
  const heardCodes: Int32Array = await clvp.encode('a.wav')
  const [scored] = await clvp.score('Hi.', ['a.wav', { samples: [0, 1], sampleRate: 22050 }])
  same<typeof scored, ScoredClip | undefined>(true)
  const table = await clvp.scoreTable(['Hi.', 'Ho.'], 'takes', { normalizer: 'basic' })
  same<typeof table, ScoreTable>(true)
  const encoder: EncoderKind | undefined = clvp.info.encoder
  await clvp.rank('Hi.', [heardCodes, ...table.clips])
  void encoder
  const found: Device[] = devices()
  await convertFolder('in', 'out.gguf', { type: 'q4_k' })
  await convertFolder('in', 'out.gguf', { autoregressive: '1480_gpt.pth', clvp: 'clvp2.pth' })
  await pullModel('owner/name', { variant: 'fp16' })
  await convertFolder('in', 'out.gguf', { dvae: 'dvae.pth', vocoder: 'univnet' })
  const { added }: AddStagesResult = await addStages('in.gguf', 'speech', 'out.gguf', { type: 'f16' })
  const stages: StageOption[] = added
  // @ts-expect-error no type for this machine: a model has its own
  await addStages('in.gguf', 'speech', 'out.gguf', { type: 'auto' })
  void stages
  // @ts-expect-error texts are an array
  await clvp.scoreTable('Hi.', 'a.wav')
  // @ts-expect-error: a path
  await convertFolder('in', 'out.gguf', { autoregressive: true })
  void [embedding, found, await inspectModel('a.gguf')]

  const heard = await clvp.preview(result.best.drawnCodes, { iterations: 30 })
  same<typeof heard, Preview>(true)
  await writeWav('a.wav', heard.samples, heard.sampleRate)
  await clvp.voice(heard, { windows: 'random', seed: 1 })
  await clvp.rank('Hi.', [...result.candidates, result.best.codes, [1, 2]])
  await clvp.generate('Hi.', { ...result.settings, voice: Voice.mix([voice, voice], [1, 2]) })
  const { findings }: ClipAudit = await auditClip(Clvp.demoVoice)
  const codes: FindingCode[] = findings.map(({ code }) => code)
  const heardOf: readonly VoiceClip[] | undefined = voice.origin.clips
  void [codes, heardOf]
  const parts = splitText('One. Two.', { mode: 'sentences', fits: (part) => part.length < 9 })
  same<typeof parts, TextPart[]>(true)
  // @ts-expect-error: no such mode
  splitText('One.', { mode: 'words' })
  const mel = await clvp.codesToMel(result.best.drawnCodes)
  same<typeof mel, Tensor<Float32Array>>(true)
  const latents = await clvp.latents('Hi.', result.best, { voice, compat: 'tortoise', positions: 'trained' })
  same<typeof latents, Tensor<Float32Array>>(true)
  same<typeof result.best.latents, Tensor<Float32Array> | undefined>(true)
  const compat: Compat = 'transformers'
  await clvp.generate('Hi.', { voice, compat, history: [1], latents: true })
  await clvp.voice(Clvp.demoVoice, { compat })
  await Clvp.load('m.gguf', { compat })
  // @ts-expect-error no such mode
  await clvp.rank('Hi.', [[1]], { compat: 'coqui' })
  // @ts-expect-error nothing that a mode sets
  await clvp.embedSpeech([1], { compat })
  // @ts-expect-error a voice is needed
  await clvp.latents('Hi.', [1], {})
  const svg: string = melPlot([{ mel, title: 'best', lines: ['a'] }], { secondsPerFrame: 0.01 })
  const codebook: { codes: number; framesPerCode: number } | undefined = clvp.info.codebook
  void [svg, codebook]

  // @ts-expect-error an option that there is none of
  await clvp.preview(result.best.codes, { steps: 3 })
  // @ts-expect-error a plot needs a title
  melPlot([{ mel }])
  // @ts-expect-error a voice is needed
  await clvp.generate('Hi.', {})
  // @ts-expect-error an option that there is none of
  await clvp.generate('Hi.', { voice, temprature: 1 })
  // @ts-expect-error no such preset
  await clvp.generate('Hi.', { voice, preset: 'slow' })
  // @ts-expect-error codes are numbers
  await clvp.rank('Hi.', [['1']])
  // @ts-expect-error no such type
  await Clvp.load('m.gguf', { type: 'q3' })
  const pulled = await pullModel('owner/name', { revision: 'v1', type: 'q8_0' })
  same<typeof pulled, PulledModel>(true)
}

export async function files(clvp: Clvp): Promise<void> {
  const metadata: SoundMetadata = soundMetadata({ text: 'Hi.', model: clvp.info, seed: 1, candidate: 0 })
  class Speech extends Sound {
    readonly seed = 1
  }
  const sound = new Speech(new Float32Array(9), 24000, metadata)
  await sound.save('a.flac', { bitDepth: 24, metadata: false, signal: new AbortController().signal })
  await sound.save('a', { format: 'opus' })
  const bytes: Uint8Array = await sound.toWav({ bitDepth: 32 })
  await clvp.voice([sound, bytes])
  const tags: Record<string, string> = await readSoundMetadata('a.flac')
  async function* pieces() {
    yield sound.samples
  }
  await saveSound('a.wav', pieces(), { sampleRate: 24000, metadata: tags })
  for await (const some of encodeSound([sound.samples], { sampleRate: 24000, format: 'raw' })) {
    same<typeof some, Uint8Array>(true)
  }
  const whole = joinSounds([sound, sound], { pauses: [0.3] })
  const parts: SpokenPart[] = whole.spans.map((span) => ({ text: 'Hi.', ...span }))
  const srt: string = toSrt(parts, { lineLength: 40 })
  const joiner = new SoundJoiner({ sampleRate: 24000, matchLevels: false })
  same<ReturnType<typeof joiner.add>, Float32Array>(true)
  void srt

  // @ts-expect-error no such depth
  await sound.save('a.wav', { bitDepth: 8 })
  // @ts-expect-error no such format
  await sound.save('a.aac', { format: 'aac' })
  // @ts-expect-error a rate is needed
  await saveSound('a.wav', [sound.samples], {})
  // @ts-expect-error pieces are several
  await saveSound('a.wav', sound.samples, { sampleRate: 24000 })
  // @ts-expect-error tags are texts
  new Sound(sound.samples, 24000, { seed: 1 })
}

export async function lower(): Promise<void> {
  const model = await ClvpModelForConditionalGeneration.fromPretrained('folder')
  same<typeof model.config, ClvpConfig>(true)
  same<typeof model.textEncoderModel.config, ClvpEncoderConfig>(true)
  same<typeof model.speechDecoderModel.config, ClvpDecoderConfig>(true)
  const inputFeatures = new Tensor(new Float32Array(80), [1, 80, 1])
  same<typeof inputFeatures, Tensor<Float32Array<ArrayBuffer>>>(true)
  const logitsProcessor: LogitsProcessor = async (_inputIds, scores) => scores
  const stoppingCriteria: StoppingCriteria = (inputIds, { batchIndex, rows }) => {
    return rows.map(() => inputIds.dims[1]! + batchIndex > 5)
  }
  const drawn = await model.generate({ inputIds: [[1]], inputFeatures, numBeams: 2, earlyStopping: 'never', logitsProcessor, stoppingCriteria })
  same<typeof drawn, ClvpGenerateOutput>(true)
  same<typeof drawn.speechIds, Tensor<Int32Array>>(true)
  const encoded = await model.getTextFeatures({ inputIds: new Int32Array([1, 2]) })
  same<typeof encoded, ClvpEncoderOutput>(true)
  const passed = await model.speechDecoderModel.forward({ inputIds: [[1, 2]], labels: [[1, -100]] })
  same<typeof passed, CausalLMOutput>(true)
  same<typeof passed.pastKeyValues, PastKeyValues | undefined>(true)
  const loss: number | undefined = passed.loss?.item()
  void loss

  // @ts-expect-error ids are not strings
  await model.textEncoderModel.forward({ inputIds: ['a'] })
  // @ts-expect-error features are floats
  await model.forward({ inputIds: [[1]], inputFeatures: new Tensor(new Int32Array(80), [1, 80, 1]) })
  // @ts-expect-error an option that there is none of
  await model.generate({ inputIds: [[1]], inputFeatures, beams: 2 })
}

export async function parts(): Promise<void> {
  const tokenizer = await ClvpTokenizer.fromPretrained('folder')
  const extractor = new ClvpFeatureExtractor({ samplingRate: 22050 })
  const processor = new ClvpProcessor(extractor, tokenizer)
  void processor
  const config = ClvpConfig.fromSubModelConfigs(new ClvpEncoderConfig(), new ClvpEncoderConfig(), new ClvpDecoderConfig())
  same<typeof config.decoderConfig, ClvpDecoderConfig>(true)
  const error = new ClvpError('CLVP_IO', 'message')
  same<typeof error.code, ClvpErrorCode>(true)
  // @ts-expect-error no such code
  new ClvpError('CLVP_NOTHING', 'message')
  // @ts-expect-error settings do not change
  config.projectionDim = 5
}
