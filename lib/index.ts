/// <reference lib="esnext.disposable" preserve="true" />
/** node-clvp: CLVP on GGML. From a text and a few seconds of a voice to ranked speech-token candidates. */

export { type AddStagesOptions, type AddStagesResult, addStages } from '../quantize/add_stages.js'
export { type ConvertOptions, type ConvertResult, convertFolder } from '../quantize/convert.js'
export { Importance, type MatrixImportance } from '../quantize/importance.js'
export type { OutputOptions } from '../quantize/output_options.js'
export { type QuantizeOptions, type QuantizeResult, quantizeFile } from '../quantize/quantize.js'
export type { TensorTypes } from '../quantize/type_choice.js'

export type { EarlyStopping, Positions } from './addon/contract/drawing.js'
export type { NativeTensor } from './addon/contract/files.js'
export type { KvType } from './addon/contract/session.js'
export type { Sampler } from './addon/contract/speech.js'
export { type Device, devices } from './addon/devices.js'
export { type Diagnosis, diagnose } from './addon/doctor.js'
export type { Part, Parts } from './addon/parts.js'
export {
  type MixedType,
  type ModelType,
  mixedTypes,
  modelTypes,
  type WeightType,
  weightTypes,
} from './addon/weight_types.js'
export { type AuditMeasures, type AuditOptions, auditClip, type ClipAudit } from './audio/audit.js'
export type { AuditFinding, FindingCode } from './audio/audit_findings.js'
export type { Clip, Samples } from './audio/clips.js'
export type { FeatureCallOptions } from './audio/feature_call.js'
export {
  type Clips,
  ClvpFeatureExtractor,
  type ClvpFeatureExtractorOptions,
  type Features,
} from './audio/feature_extractor.js'
export {
  type JoinedSound,
  type JoinOptions,
  joinSounds,
  type PartSpan,
  SoundJoiner,
  type SoundJoinerOptions,
} from './audio/join.js'
export { type MelPlotOptions, type MelPlotRow, melPlot } from './audio/mel_plot.js'
export { type EncodeSoundOptions, encodeSound } from './audio/output/encode_sound.js'
export { readSoundMetadata } from './audio/output/metadata_reader.js'
export type { BitDepth } from './audio/output/pcm.js'
export type { SoundPieces } from './audio/output/pieces.js'
export { type SoundOrigin, soundMetadata } from './audio/output/provenance.js'
export { type SaveSoundOptions, saveSound } from './audio/output/save_sound.js'
export { type SoundFormat, soundFormats } from './audio/output/sound_format.js'
export type { SoundMetadata } from './audio/output/tags.js'
export { Sound, type SoundBytesOptions, type SoundFileOptions } from './audio/sound.js'
export { type SpokenPart, type SubtitleOptions, toSrt } from './audio/subtitles.js'
export { Voice, type VoiceJson } from './audio/voice.js'
export type { ModelIdentity, VoiceClip, VoiceOrigin } from './audio/voice_origin.js'
export { writeWav } from './audio/wav.js'
export type { SourceFiles, StageFiles, StageOption } from './base/checkpoint_files.js'
export { ClvpError, type ClvpErrorCode } from './base/errors.js'
export type { Padding } from './base/padding.js'
export { Tensor, type TensorData } from './base/tensor.js'
export type { InputIdentity, InputIndex, InputKind } from './batch/input/input.js'
export type { Columns } from './batch/input/row.js'
export type { Manifest, RunSettings } from './batch/manifest.js'
export type { PartFormat } from './batch/parts.js'
export type { BatchRecord } from './batch/record.js'
export { mergedRecords, type RunStatus, runStatus } from './batch/results.js'
export { BatchRun, type RunShardOptions } from './batch/run.js'
export type { RunRequest } from './batch/run_request.js'
export { type BatchStore, FolderStore, type WriteOptions } from './batch/store.js'
export { type BatchTask, batchTasks } from './batch/tasks.js'
export {
  type BenchmarkOptions,
  type BenchmarkResult,
  type BenchmarkRow,
  benchmark,
} from './clvp/benchmark.js'
export type {
  CallOptions,
  ClvpLoadOptions,
  ExplainOptions,
  Preview,
  PreviewOptions,
  RandomVoiceCallOptions,
  TextCallOptions,
  VoiceOptions,
} from './clvp/call_options.js'
export { Clvp } from './clvp/clvp.js'
export type { Codes } from './clvp/codes.js'
export type { Compat } from './clvp/compat.js'
export { type GenerateOptions, type Preset, presets, type ScoreKind } from './clvp/generate_options.js'
export type { ModelInfo, SpeechInfo } from './clvp/info.js'
export type { LatentsOptions } from './clvp/latents.js'
export type { MemoryEstimate, MemoryRequest } from './clvp/memory.js'
export type { EncodedClip, EncoderKind, ScoredClip, ScoreTable } from './clvp/recordings.js'
export type { Candidate, DrawnCandidate, GenerateResult, GenerateSettings, Timings } from './clvp/result.js'
export type { StreamEvent } from './clvp/stream.js'
export {
  ClvpConfig,
  type ClvpConfigOptions,
  ClvpDecoderConfig,
  type ClvpDecoderConfigOptions,
  ClvpEncoderConfig,
  type ClvpEncoderConfigOptions,
  type EncoderConfigType,
} from './config/config.js'
export type { GenerationSettings } from './config/generation_config.js'
export { inspectModel, type ModelFile, type ModelFileTensor } from './loading/inspect.js'
export type { LoadOptions, Progress } from './loading/load_options.js'
export { type PulledModel, type PullOptions, pullModel } from './loading/pull.js'
export { type ModelFault, type Verification, type VerifyOptions, verifyModel } from './loading/verify.js'
export { type CalibrateOptions, calibrate } from './quality/calibrate.js'
export { type CompareOptions, type CompareProgress, compareModels } from './quality/compare.js'
export { comparisonPlot } from './quality/comparison_plot.js'
export type {
  BehaviourComparison,
  ComparedModel,
  CosineSummary,
  DecoderComparison,
  ModelComparison,
  RankingComparison,
  TensorComparison,
} from './quality/report.js'
export type { Histogram } from './quality/statistics.js'
export type { LiveRows, LogitsProcessor, StoppingCriteria } from './session/caller_hooks.js'
export type { CandidateSoundOptions, HeardCandidate } from './speech/candidate_sound.js'
export {
  type ConditionOptions,
  type DiffusionForwardOptions,
  DiffusionModel,
  type DiffusionSampleOptions,
} from './speech/diffusion_model.js'
export type { DiffusionOptions } from './speech/diffusion_options.js'
export type { Failure, FailureCode, GateOptions } from './speech/gates.js'
export type { PartOptions } from './speech/part_options.js'
export type { PauseRule } from './speech/pauses.js'
export {
  type EncodeOptions,
  Hifigan,
  type HifiganOptions,
  RandomVoiceModel,
  type RandomVoiceOptions,
  type RandomVoices,
  SpeechEncoder,
  Vocoder,
  type VocoderForwardOptions,
} from './speech/sound_stages.js'
export type { SpeechEvent } from './speech/speak.js'
export type { SpeakOptions, SpeakProgress, SpeechKind } from './speech/speak_options.js'
export { Speech, type SpeechPart, type SpeechTimings, type SpokenText } from './speech/speech.js'
export { SpeechModel } from './speech/speech_model.js'
export { SpeechStream } from './speech/speech_stream.js'
export type { Normalizer, NormalizerName } from './text/reading/reading.js'
export type { DroppedText, TextChange } from './text/reading/traced_text.js'
export { splitText } from './text/split.js'
export type { SplitMode, SplitOptions } from './text/split_options.js'
export type { Boundary, TextPart } from './text/split_part.js'
export type { Explanation } from './text/text.js'
export {
  type BatchEncoding,
  ClvpTokenizer,
  type ClvpTokenizerOptions,
  type ClvpTokenizerSettings,
  type DecodeOptions,
  type EncodedInputs,
  type EncodingWithOffsets,
  type OffsetToken,
  type PadOptions,
  type TokenizeOptions,
  type TokenizerCallOptions,
} from './text/tokenizer.js'
export type { Truncation } from './text/tokenizer_call.js'
export type { Ids } from './transformers/arrays.js'
export {
  type CausalLMForwardOptions,
  type CausalLMGenerateOptions,
  type CausalLMOutput,
  ClvpForCausalLM,
} from './transformers/causal_lm.js'
export { ClvpModelForConditionalGeneration } from './transformers/conditional_generation.js'
export type {
  ConditionalGenerateOptions,
  ForwardOptions,
  SpeechFeaturesOptions,
  TextFeaturesOptions,
} from './transformers/conditional_options.js'
export {
  ClvpConditioningEncoder,
  type ConditioningForwardOptions,
} from './transformers/conditioning_encoder.js'
export {
  ClvpDecoder,
  ClvpModel,
  type DecoderForwardOptions,
  type DecoderOutput,
  PastKeyValues,
} from './transformers/decoder.js'
export { ClvpEncoder, type ClvpEncoderOutput, type EncoderForwardOptions } from './transformers/encoder.js'
export type { GeneratedSequences } from './transformers/generate.js'
export type { GenerationOptions, Streamer } from './transformers/generation_options.js'
export { ClvpProcessor, type ProcessorCallOptions, type ProcessorOutput } from './transformers/processor.js'
export type { PromptOptions } from './transformers/prompts.js'
export type { ClvpGenerateOutput, ClvpOutput } from './transformers/similarity.js'
export type { StepOutputs } from './transformers/steps.js'
export type { TowerOptions, TowerOutput } from './transformers/tower_rows.js'

declare global {
  /** The part of a signal that types here need, so that they hold in programs without the types of a browser or of Node too. */
  interface AbortSignal {
    readonly aborted: boolean
  }
}
