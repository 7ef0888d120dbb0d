/**
 * The largest values that a call may request. The core has the same table in clvp/limits.h; test/base/limits.test.js
 * compares the two.
 */
export const limits = {
  candidates: 65536,
  /** Candidates of a call that are decoded together. */
  batchSize: 1024,
  beams: 256,
  /** Ids that end a row. */
  stops: 64,
  /** Sequences of ids that are never drawn. */
  badWords: 65536,
  /** Codes of one row of an encoder: three minutes of speech. */
  rowCodes: 4096,
  /** Rows of one forward pass. */
  towerRows: 4096,
  /** Keys of one forward pass of the decoder, with its past. */
  decoderKeys: 16384,
  threads: 512,
  previewIterations: 1000,
  /** Frames of sound: those of rowCodes codes. */
  speechFrames: 17832,
  /** Clips of one voice for the diffusion model. */
  voiceClips: 64,
  /** Positions of a candidate's keys and values that are allocated together. */
  pagePositions: 32,
  /** Codes of rows that are encoded together. */
  scoredTogether: 1024,
} as const
