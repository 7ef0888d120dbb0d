/**
 * Distance of two log-mel pictures, Float32Array [frames, channels] each: root mean square over channels along the cheapest
 * alignment, where a diagonal step counts twice (Sakoe and Chiba's symmetric form), divided by both lengths together. In
 * nats of power; the same as dtw() of slips.py.
 */
export function dtw(a, b, channels) {
  const n = a.length / channels
  const m = b.length / channels
  let above = new Float64Array(m + 1).fill(Number.POSITIVE_INFINITY)
  let best = new Float64Array(m + 1)
  for (let i = 0; i < n; i++) {
    best.fill(Number.POSITIVE_INFINITY)
    for (let j = 0; j < m; j++) {
      const cost = distance(a, i * channels, b, j * channels, channels)
      best[j + 1] =
        i + j === 0 ? 2 * cost : Math.min(Math.min(above[j + 1], best[j]) + cost, above[j] + 2 * cost)
    }
    ;[above, best] = [best, above]
  }
  return above[m] / (n + m)
}

function distance(a, i, b, j, channels) {
  let sum = 0
  for (let c = 0; c < channels; c++) {
    const d = a[i + c] - b[j + c]
    sum += d * d
  }
  return Math.sqrt(sum / channels)
}
