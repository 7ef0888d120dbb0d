/** The parts of a model that can be loaded separately. */
import { ClvpError, invalid } from '../base/errors.js'

/**
 * 'decoder': voices and drawing (with the conditioning encoder). 'ranker': scores and embeddings (the text and the speech
 * encoder). Every model file has these. It may have more. 'encoder': codes of recordings (the discrete VAE's encoder). 'hifigan': latents to
 * sound. 'diffusion': latents to a spectrogram, with the encoder of its voices. 'vocoder': a spectrogram to sound (UnivNet). 'random':
 * random voices.
 */
export type Part = 'decoder' | 'ranker' | 'encoder' | 'hifigan' | 'diffusion' | 'vocoder' | 'random'

export const allParts: readonly Part[] = [
  'decoder',
  'ranker',
  'encoder',
  'hifigan',
  'diffusion',
  'vocoder',
  'random',
]

/** The parts to load, or 'auto': each when a call needs it, one at a time. */
export type Parts = readonly Part[] | 'auto'

/** A list of one or more parts, as an option names them; or 'auto', which the command line puts into a list. */
export function readParts(value: unknown): Parts {
  const parts: unknown[] = Array.isArray(value) ? [...value] : []
  if (value === 'auto' || (parts.length === 1 && parts[0] === 'auto')) return 'auto'
  if (parts.length === 0 || !parts.every((part) => allParts.includes(part as Part))) {
    const names = allParts.map((each) => `'${each}'`)
    throw invalid(
      `'auto', or an array of ${names.slice(0, -1).join(', ')} and ${names.at(-1)}, one or more`,
      'parts',
      value,
    )
  }
  return allParts.filter((part) => parts.includes(part))
}

/** Throws CLVP_UNSUPPORTED if a part that a call needs was not loaded. */
export function needPart(part: Part, loaded: Readonly<Record<Part, boolean>>, remedy: string): void {
  if (loaded[part]) return
  const have = allParts.filter((each) => loaded[each]).map((each) => `'${each}'`)
  throw new ClvpError(
    'CLVP_UNSUPPORTED',
    `Expected a model with its ${part} for this call but received one loaded with parts: [${have.join(', ')}]: ${remedy}`,
  )
}
