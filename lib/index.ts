/// <reference lib="esnext.disposable" preserve="true" />
/** node-clvp: CLVP on GGML. From a text and a few seconds of a voice to ranked speech-token candidates. */

export { type ConvertOptions, type ConvertResult, convertFolder } from '../quantize/convert.js'
export type { OutputOptions } from '../quantize/output.js'
export { type QuantizeOptions, type QuantizeResult, quantizeFile } from '../quantize/quantize.js'
export type { TensorTypes } from '../quantize/types.js'
export type { Clip, Samples } from './audio.js'
export { type BenchmarkOptions, type BenchmarkResult, type BenchmarkRow, benchmark } from './benchmark.js'
export type { EarlyStopping, KvType, NativeTensor, PrefixPositions } from './binding.js'
export {
  type CallOptions,
  Clvp,
  type Preview,
  type PreviewOptions,
  type StreamEvent,
  type VoiceOptions,
} from './clvp.js'
export {
  ClvpConfig,
  type ClvpConfigOptions,
  ClvpDecoderConfig,
  type ClvpDecoderConfigOptions,
  ClvpEncoderConfig,
  type ClvpEncoderConfigOptions,
  type EncoderConfigType,
} from './config.js'
export { type Device, devices } from './devices.js'
export { type Diagnosis, diagnose } from './doctor.js'
export { ClvpError, type ClvpErrorCode } from './errors.js'
export type { FeatureCallOptions } from './feature_call.js'
export {
  type Clips,
  ClvpFeatureExtractor,
  type ClvpFeatureExtractorOptions,
  type Features,
} from './feature_extractor.js'
export type { GenerateOptions, LoadOptions, Progress, ScoreKind } from './generate_options.js'
export type { LiveRows, LogitsProcessor, StoppingCriteria } from './hooks.js'
export type { ModelInfo } from './info.js'
export { inspectModel, type ModelFile, type ModelFileTensor } from './inspect.js'
export { type MelPlotOptions, type MelPlotRow, melPlot } from './mel_plot.js'
export type { MemoryEstimate, MemoryRequest } from './memory.js'
export type { Ids } from './models/arrays.js'
export {
  type CausalLMForwardOptions,
  type CausalLMGenerateOptions,
  type CausalLMOutput,
  ClvpForCausalLM,
} from './models/causal_lm.js'
export { ClvpModelForConditionalGeneration } from './models/conditional_generation.js'
export type {
  ConditionalGenerateOptions,
  ForwardOptions,
  SpeechFeaturesOptions,
  TextFeaturesOptions,
} from './models/conditional_options.js'
export { ClvpConditioningEncoder, type ConditioningForwardOptions } from './models/conditioning_encoder.js'
export { ClvpDecoder, ClvpModel, type DecoderForwardOptions, type DecoderOutput } from './models/decoder.js'
export { ClvpEncoder, type ClvpEncoderOutput, type EncoderForwardOptions } from './models/encoder.js'
export type { GenerationOptions, GenerationSettings, Streamer } from './models/generation_options.js'
export { PastKeyValues } from './models/past.js'
export type { PromptOptions } from './models/prompts.js'
export type { TowerOptions, TowerOutput } from './models/rows.js'
export type { GeneratedSequences } from './models/sequences.js'
export type { ClvpGenerateOutput, ClvpOutput } from './models/similarity.js'
export type { StepOutputs } from './models/steps.js'
export type { Part } from './parts.js'
export { type Preset, presets } from './presets.js'
export { ClvpProcessor, type ProcessorCallOptions, type ProcessorOutput } from './processor.js'
export { type PulledModel, type PullOptions, pullModel } from './pull.js'
export { type CalibrateOptions, calibrate } from './quality/calibrate.js'
export { type CompareOptions, type CompareProgress, compareModels } from './quality/compare.js'
export { comparisonPlot } from './quality/comparison_plot.js'
export { Importance, type MatrixImportance } from './quality/importance.js'
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
export type { Candidate, DrawnCandidate, GenerateResult, Timings } from './result.js'
export { Tensor, type TensorData } from './tensor.js'
export type { Explanation } from './text.js'
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
} from './tokenizer.js'
export type { Padding, Truncation } from './tokenizer_call.js'
export { type ModelFault, type Verification, type VerifyOptions, verifyModel } from './verify.js'
export { Voice } from './voice.js'
export { writeWav } from './wav.js'
export {
  type MixedType,
  type ModelType,
  mixedTypes,
  modelTypes,
  type WeightType,
  weightTypes,
} from './weight_types.js'
