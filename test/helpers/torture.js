/** More of everything under `npm run torture`, which sets CLVP_TORTURE and prints the figures. */
const isTorture = process.env.CLVP_TORTURE === '1'

/** How often to try something. */
export const times = (usual, torture) => (isTorture ? torture : usual)

/** Whole numbers below a bound, the same for the same seed. */
export function dice(seed) {
  let state = seed * 2654435761 + 1
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * bound)
  }
}

/** Tells a measured number and the most that it should be; the report holds one against the other, a test does not. */
export function figure(t, what, value, unit, goal) {
  t.comment(`figure: ${what}: ${value.toPrecision(3)} ${unit}, goal ${goal}`)
}

/** How much values of equal distance grow from one to the next: the median over all pairs, which a single jump does not move (Theil, Sen). */
export function slope(values) {
  const slopes = values.flatMap((from, i) => values.slice(i + 1).map((to, j) => (to - from) / (j + 1)))
  return slopes.sort((a, b) => a - b)[slopes.length >> 1]
}
