/** How codes are drawn: the settings, their defaults and their check. */
import type { NativeHeld, NativeSampling } from '../addon/binding.js'
import { integer, number } from '../base/check.js'
import { ClvpError } from '../base/errors.js'

export const samplingNames = ['repetitionPenalty', 'temperature', 'topK', 'topP', 'minP', 'typicalP'] as const

/** tortoise's sampling, whose transformers pipeline also keeps the 50 likeliest. */
export const defaultSampling: NativeSampling = {
  repetitionPenalty: 2,
  temperature: 0.8,
  topK: 50,
  topP: 0.8,
  minP: 0,
  typicalP: 1,
}

/** Reads settings of which none is missing. */
export function readSampling(from: Partial<Record<(typeof samplingNames)[number], unknown>>): NativeSampling {
  const { repetitionPenalty, temperature, topK, topP, minP, typicalP } = from
  return {
    repetitionPenalty: number(repetitionPenalty, 'repetitionPenalty', 1e-3, 1e3),
    temperature: temperature === 0 ? 0 : number(temperature, 'temperature', 1e-3, 1e3),
    topK: integer(topK, 'topK', 0, 2 ** 31),
    topP: number(topP, 'topP', 0, 1),
    minP: number(minP, 'minP', 0, 1),
    typicalP: number(typicalP, 'typicalP', 0, 1, { above: true }),
  }
}

/**
 * tortoise's settings, but where a checkpoint whose generation_config.json says `do_sample: true` names its own: a model that
 * was trained apart from tortoise knows better what suits it.
 */
export function checkpointSampling(values: Readonly<Record<string, NativeHeld>>): NativeSampling {
  const held = values['clvp.source.generation_config']
  if (typeof held !== 'string') return defaultSampling
  try {
    const config: unknown = JSON.parse(held)
    if (
      typeof config !== 'object' ||
      config === null ||
      !('do_sample' in config) ||
      config.do_sample !== true
    ) {
      return defaultSampling
    }
    const own = samplingNames.flatMap((name) => {
      const value = (config as Record<string, unknown>)[
        name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
      ]
      return value === undefined || value === null ? [] : [[name, value] as const]
    })
    return readSampling({ ...defaultSampling, ...Object.fromEntries(own) })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ClvpError(
      'CLVP_MODEL_FORMAT',
      `The model file's generation_config is damaged (${reason}): mend it and convert again`,
      { cause },
    )
  }
}
