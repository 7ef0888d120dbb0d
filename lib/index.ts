/** node-clvp: CLVP on GGML. From a text and a few seconds of a voice to ranked speech-token candidates. */
export type { Clip, Samples } from './audio.js'
export { type CallOptions, Clvp, type StreamEvent, type VoiceOptions } from './clvp.js'
export { type Device, devices } from './devices.js'
export { ClvpError, type ClvpErrorCode } from './errors.js'
export type { GenerateOptions, LoadOptions, Progress } from './generate_options.js'
export type { EarlyStopping, NativeTensor, PrefixPositions } from './binding.js'
export type { ModelInfo } from './info.js'
export { inspectModel, type ModelFile } from './inspect.js'
export { type Preset, presets } from './presets.js'
export type { Candidate, DrawnCandidate, GenerateResult, Timings } from './result.js'
export type { WeightType } from './source.js'
export type { Explanation } from './text.js'
export {
  ClvpTokenizer,
  type ClvpTokenizerOptions,
  type ClvpTokenizerSettings,
  type DecodeOptions,
  type EncodingWithOffsets,
  type OffsetToken,
} from './tokenizer.js'
export { Voice } from './voice.js'
export { type ConvertOptions, type ConvertResult, convertFolder } from '../quantize/convert.js'
