/** The calm codes that tortoise leaves at the end: room for the speech to fade out. */
const CALM_LEFT = 8

/**
 * How many latents of a row tortoise gives to its diffusion stage: those before the ninth calm code in a row, or all. A natural pause of
 * nine calm codes ends the row too.
 *
 * @param codes fixed up: calm from the stop on
 * @param calm the code of silence, the first of `decoder_fixing_codes`
 */
export function tortoiseEnd(codes: Int32Array, calm: number): number {
  let run = 0
  for (const [at, code] of codes.entries()) {
    run = code === calm ? run + 1 : 0
    if (run > CALM_LEFT) return at
  }
  return codes.length
}
