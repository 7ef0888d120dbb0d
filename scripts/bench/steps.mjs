/** From the moments at which steps ended to milliseconds a step. */

/** Positions in the cache at which a step counts as one "at 100 cached positions". */
export const window = [90, 110]

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}

/**
 * @param {number[]} moments milliseconds at which each token was there, the first one from the prefill
 * @param {number} prefix positions before the first token
 */
export function summarise(moments, prefix) {
  const steps = moments.slice(1).map((moment, i) => ({ ms: moment - moments[i], cached: prefix + i }))
  const near = steps.filter(({ cached }) => cached >= window[0] && cached <= window[1])
  return {
    steps: steps.length,
    stepMs: near.length > 0 ? median(near.map(({ ms }) => ms)) : undefined,
    meanStepMs: (moments.at(-1) - moments[0]) / steps.length,
  }
}
