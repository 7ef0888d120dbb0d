/** The same in CommonJS: values and types, and both entries have one set of types. */
import { Clvp, ClvpError, splitText, Tensor, type TextPart, type Voice } from 'node-clvp'
import type { speak } from './module.mjs' with { 'resolution-mode': 'import' }

export async function load(signal: AbortSignal): Promise<{ clvp: Clvp; voice: Voice }> {
  const clvp = await Clvp.load(Clvp.demo, { signal })
  return { clvp, voice: await clvp.voice([Clvp.demoVoice]) }
}

export const parts: readonly TextPart[] = splitText('One. Two.')
export const isOurs = (error: unknown): boolean => error instanceof ClvpError && error.code === 'CLVP_IO'
export const tensor: Tensor<Float32Array> = new Tensor(new Float32Array(1), [1])
// @ts-expect-error: another type of numbers
export const other: Tensor<Int32Array> = tensor
export type Result = Awaited<ReturnType<typeof speak>>['best']['codes']
