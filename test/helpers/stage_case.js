/** A small model with stages of speech, and what is read of its file. */
import { join } from 'node:path'
import { convertFolder, inspectModel } from '../../dist/lib/index.js'
import { readTensor } from './model_tensor.js'
import { writeSpeechFolder, writeTorch } from './speech.js'

/** A fresh folder of tortoise with some stages. */
export function stageFolder(t, stages) {
  const folder = join(t.testdir({}), 'model')
  writeSpeechFolder(folder, { stages })
  return folder
}

/**
 * Converts a folder to F32, or as the options say; gives the keys, [name, dims] of a stage's tensors, and
 * their numbers.
 */
export async function convertStage(folder, prefix, options) {
  const path = `${folder}.gguf`
  await convertFolder(folder, path, { type: 'f32', ...options })
  const { values, tensors } = await inspectModel(path)
  const own = tensors.filter(({ name }) => name.startsWith(prefix))
  return {
    values,
    shapes: own.map(({ name, dims }) => [name, dims]),
    numbers: async (name) => new Float32Array(Uint8Array.from((await readTensor(path, name)).data).buffer),
  }
}

/** The name and shape of a layer's weight and bias. */
export function layer(name, inputs, outputs) {
  return [
    [`${name}.weight`, [inputs, outputs]],
    [`${name}.bias`, [outputs]],
  ]
}

/** A function that writes a file with changed tensors, and expects that it is refused. */
export function refusals(t, folder, file, tensors) {
  return async (change, code, message) => {
    const changed = { ...tensors }
    change(changed)
    writeTorch(join(folder, file), changed)
    await t.rejects(convertFolder(folder, `${folder}.gguf`), { code, message }, String(message))
  }
}

/** The weight that weight norm stands for: each row of the directions at its length, rounded once. */
export function fold({ values: lengths }, { shape, values }) {
  const width = values.length / shape[0]
  const folded = new Float32Array(values.length)
  for (let row = 0; row < shape[0]; row++) {
    let square = 0
    for (let i = 0; i < width; i++) square += values[row * width + i] ** 2
    for (let i = 0; i < width; i++) {
      folded[row * width + i] = (lengths[row] * values[row * width + i]) / Math.sqrt(square)
    }
  }
  return folded
}

/** The largest difference between numbers and expected ones by index, relative to the largest number. */
export function worst(numbers, expected) {
  let [difference, largest] = [0, 0]
  for (const [i, value] of numbers.entries()) {
    difference = Math.max(difference, Math.abs(value - expected(i)))
    largest = Math.max(largest, Math.abs(value))
  }
  return difference / largest
}
