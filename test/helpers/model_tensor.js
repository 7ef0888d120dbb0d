/** One tensor of a model file, by the place that its header implies. */
import { readFileSync } from 'node:fs'
import { inspectModel } from '../../dist/lib/index.js'

/** The file's tensor of that name, and its bytes. */
export async function readTensor(path, wanted) {
  const { tensors, bytes } = await inspectModel(path)
  const at = tensors.findIndex(({ name }) => name === wanted)
  const after = tensors.slice(at).reduce((sum, each) => sum + Math.ceil(each.bytes / 32) * 32, 0)
  const start = bytes - after
  return { ...tensors[at], at, data: readFileSync(path).subarray(start, start + tensors[at].bytes) }
}
