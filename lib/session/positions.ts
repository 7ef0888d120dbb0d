/** How many codes fit into a model's positions. */
import type { Positions } from '../addon/contract/drawing.js'
import type { NativeInfo } from '../addon/contract/session.js'

/** The last code is not fed back, so it needs no position; two of the three ways to count skip position 1. */
export function mostTokens({ decoderPositions }: NativeInfo, positions: Positions): number {
  return positions === 'trained' ? decoderPositions : decoderPositions - 1
}
