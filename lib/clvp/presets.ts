/** tortoise's presets, as far as CLVP goes: how many candidates are drawn. */
export const presets = { ultra_fast: 16, fast: 96, standard: 256, high_quality: 256 } as const
export type Preset = keyof typeof presets
export const presetNames = Object.keys(presets) as Preset[]
