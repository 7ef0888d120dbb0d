/** More of everything under `npm run torture`, which sets CLVP_TORTURE and prints the figures. */
const isTorture = process.env.CLVP_TORTURE === '1'

/** How often to try something. */
export const times = (usual, torture) => (isTorture ? torture : usual)

/** Tells a measured number and the most that it should be; the report holds one against the other, a test does not. */
export function figure(t, what, value, unit, goal) {
  t.comment(`figure: ${what}: ${value.toPrecision(3)} ${unit}, goal ${goal}`)
}
