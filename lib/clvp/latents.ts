/** Latents of rows of codes: what tortoise's diffusion stage is conditioned on. */
import type { NativePrompt, Positions } from '../addon/contract/drawing.js'
import type { Voice } from '../audio/voice.js'
import { ClvpError } from '../base/errors.js'
import { type OptionsOf, optionTable } from '../base/options.js'
import { Tensor } from '../base/tensor.js'
import { positions } from '../config/kinds.js'
import { mostTokens } from '../session/positions.js'
import type { Session } from '../session/session.js'
import { callTable, readingTable } from './call_options.js'
import { forJson } from './codes.js'
import { generateTable } from './generate_options.js'

/**
 * The positions of tortoise's second pass, whatever positions the codes were drawn with: it feeds whole rows,
 * as training did.
 */
export const latentsPositions: Positions = 'trained'

export const latentsOwnTable = optionTable({
  /**
   * How the decoder counts positions; default 'trained', as in tortoise's second pass, however the codes were
   * drawn. `compat` does not change it.
   */
  positions: { kind: positions, default: latentsPositions },
})

export const latentsTable = { voice: generateTable.voice, ...latentsOwnTable, ...readingTable, ...callTable }

/** Options of latents(), with `compat` for how the text is read. */
export interface LatentsOptions extends OptionsOf<typeof latentsTable> {
  /** A voice from `voice()` of the same model. */
  voice: Voice
}

/** The latents [codes, width] of one row. */
export async function latentsOf(
  session: Session,
  prompt: NativePrompt,
  codes: Int32Array,
  positions: Positions,
  signal: AbortSignal | undefined,
): Promise<Tensor<Float32Array>> {
  const most = mostTokens(session.info, positions)
  if (codes.length < 1 || codes.length > most) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected 1 to ${most} codes, which fit the decoder's positions, but received ${codes.length}: name a shorter row`,
    )
  }
  const data = await session.latents(prompt, codes, positions, signal)
  return new Tensor(forJson(data), [codes.length, session.info.decoderWidth])
}
