/** Small statistics of the evaluation. */

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length

/**
 * One-sided p of paired differences having a mean as far below 0 as theirs by chance: the signs are flipped at random, `rounds`
 * times. Assumes nothing of their distribution; the least it can say is 1 / (rounds + 1).
 */
export function signFlipTest(differences, rounds = 100_000) {
  const observed = mean(differences)
  let state = 1
  const coin = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> 31
  }
  let asFar = 0
  for (let round = 0; round < rounds; round++) {
    let sum = 0
    for (const each of differences) sum += coin() ? each : -each
    if (sum / differences.length <= observed) asFar++
  }
  return (asFar + 1) / (rounds + 1)
}
