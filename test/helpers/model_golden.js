/** The recipes that the model classes are compared on, and the reference's answers to some cases, sampled to be committed. */
import { readFileSync } from 'node:fs'
import { readRecipe, tinyRecipes } from './checkpoint.js'

const most = 12 // numbers that are kept of an array

/** All tiny recipes, and those made for the model classes alone. */
export function modelRecipes() {
  const more = JSON.parse(readFileSync(new URL('../fixtures/model_recipes.json', import.meta.url), 'utf8'))
  return [...tinyRecipes.map(readRecipe), ...more]
}

/** The answers that --write-golden has kept: { recipe: { case id: { output: { dims, ids or numbers } } } }. */
export function readModelGolden() {
  return JSON.parse(readFileSync(new URL('../golden/models.json', import.meta.url), 'utf8'))
}

/** Which of a flat array's elements are kept. */
export function keptIndices(length) {
  const stride = Math.max(1, Math.ceil(length / most))
  return Array.from({ length }, (_, i) => i).filter((i) => i % stride === 0 || i === length - 1)
}

function pack({ dims, data, ids }) {
  const indices = keptIndices((ids ?? data).length)
  if (ids) return { dims, ids: indices.map((i) => ids[i]) }
  // Seven digits are more than the tolerance asks for. JSON has no infinity.
  const numbers = indices.map((i) =>
    Number.isFinite(data[i]) ? Number(data[i].toPrecision(7)) : String(data[i]),
  )
  return { dims, numbers }
}

/** Answers of sound cases, sampled; of outputs of many steps the first and the last. */
export function goldenAnswers(cases, answers) {
  const golden = {}
  for (const [recipe, list] of Object.entries(cases)) {
    golden[recipe] = {}
    for (const { id, only } of list) {
      const { outputs } = answers[recipe][id]
      if (!outputs) continue
      const names = Object.keys(outputs).filter((name) => (only ? only.includes(name) : keeps(name, outputs)))
      golden[recipe][id] = Object.fromEntries(names.map((name) => [name, pack(outputs[name])]))
    }
  }
  return golden
}

function keeps(name, outputs) {
  const step = /^(scores|logits|hiddenStates|attentions|decoderHiddenStates)\.(\d+)(\.\d+)?$/.exec(name)
  if (!step) return true
  const [, key, index, layer = ''] = step
  return index === '0' || index === '2' || outputs[`${key}.${Number(index) + 1}${layer}`] === undefined
}
