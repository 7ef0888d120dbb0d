/** transformers' losses, in double precision. */
import type { Tensor } from '../base/tensor.js'

/** The label that torch's cross entropy ignores. */
export const ignoredLabel = -100

/** -log softmax(row)[label] */
function crossEntropy(row: ArrayLike<number>, label: number): number {
  let highest = -Infinity
  for (let i = 0; i < row.length; i++) highest = Math.max(highest, row[i]!)
  let sum = 0
  for (let i = 0; i < row.length; i++) sum += Math.exp(row[i]! - highest)
  return highest + Math.log(sum) - row[label]!
}

/** Mean cross entropy of logits [rows, tokens, vocab] against the next label in [rows, tokens]; NaN if all are ignored. */
export function nextTokenLoss(logits: Tensor<Float32Array>, labels: Int32Array): number {
  const [rows, tokens, vocab] = logits.dims as [number, number, number]
  let sum = 0
  let count = 0
  for (let row = 0; row < rows; row++) {
    for (let t = 0; t + 1 < tokens; t++) {
      const label = labels[row * tokens + t + 1]!
      if (label === ignoredLabel) continue
      const from = (row * tokens + t) * vocab
      sum += crossEntropy(logits.data.subarray(from, from + vocab), label)
      count++
    }
  }
  return sum / count
}

/** CLIP's loss of square scores [n, n]: text i belongs to speech i. */
export function contrastiveLoss(scores: Tensor<Float32Array>): number {
  const n = scores.dims[0]!
  let sum = 0
  for (let i = 0; i < n; i++) {
    const row = Array.from({ length: n }, (_, j) => scores.data[i * n + j]!)
    const column = Array.from({ length: n }, (_, j) => scores.data[j * n + i]!)
    sum += crossEntropy(row, i) + crossEntropy(column, i)
  }
  return sum / (2 * n)
}
