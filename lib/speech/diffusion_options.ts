/** The options of the diffusion stage's sampler. */
import type { Sampler } from '../addon/contract/speech.js'
import { abortSignal, boolean, callback, choice, integer, number } from '../base/kinds.js'
import { type OptionsOf, optionTable, type ValuesOf } from '../base/options.js'
import { seed } from '../config/kinds.js'

export const samplers: readonly Sampler[] = ['p', 'ddim', 'dpm++2m']

export const diffusionTable = optionTable({
  /** Passes of the model, 1 to 4,000; default 80, or those of the preset. */
  steps: { kind: integer(1, 4000), default: 80, help: 'passes of the diffusion model' },
  /**
   * How the noise is removed. 'p' (default): tortoise's sampler, which adds new noise in every step. 'ddim': the same steps without new
   * noise. 'dpm++2m': a solver of second order, which needs fewer steps.
   */
  sampler: { kind: choice(samplers), default: 'p', help: 'how the diffusion model removes noise' },
  /**
   * How far to go beyond what the model says without text and voice (tortoise's cond_free_k), 0 to 100; default 2. 0 saves half of
   * the work.
   */
  guidance: { kind: number(0, 100), default: 2, help: 'strength of text and voice; 0 is twice as fast' },
  /**
   * The share of the steps, from the first, that take no guidance, 0 to 1; default 0. Such a step takes half of the time. With `ramp` the
   * first steps have little guidance anyway.
   */
  guidanceFrom: {
    kind: number(0, 1),
    default: 0,
    help: 'share of the steps, from the first, without guidance, which take half of the time',
  },
  /** Guidance grows from 0 in the first step to all of it in the last; default true, as in tortoise. */
  ramp: { kind: boolean(), default: true },
  /** Strength of the noise to start with, 0 to 2; default 1. */
  diffusionTemperature: {
    kind: number(0, 2),
    default: 1,
    help: 'strength of the noise that the diffusion model starts with',
  },
})

/** The options after defaults. */
export type DiffusionSettings = ValuesOf<typeof diffusionTable>

export interface DiffusionOptions extends OptionsOf<typeof diffusionTable> {}

/** Options of one call of a stage. */
export const stageTable = optionTable({
  /** Seed of the noise, 0 to 2^53 - 1; default 0. */
  seed: { kind: seed, default: 0 },
  /** Called with the completed share, from 0 to 1. */
  onProgress: { kind: callback<(fraction: number) => void>() },
  /** Ends the call. */
  signal: { kind: abortSignal() },
})
