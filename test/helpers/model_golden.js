/** The recipes that the model classes are compared on, and the reference's answers to some cases, sampled to be committed. */
import { readFileSync } from 'node:fs'
import { readRecipe, tinyRecipes } from './checkpoint.js'

const most = 24 // numbers that are kept of an array

/** All tiny recipes, and those made for the model classes alone. */
export function modelRecipes() {
  const more = JSON.parse(readFileSync(new URL('../fixtures/model_recipes.json', import.meta.url), 'utf8'))
  return [...tinyRecipes.map(readRecipe), ...more]
}

/** Which of a flat array's elements are kept. */
function kept(length) {
  const stride = Math.max(1, Math.ceil(length / most))
  return (_, i) => i % stride === 0 || i === length - 1
}

/** The elements of an array that the golden answers hold. */
export function sample(array) {
  return array.filter(kept(array.length))
}

function pack({ dims, data, ids }) {
  // Six digits are more than the tolerance asks for. JSON has no infinity.
  if (ids) return { dims, ids: sample(ids) }
  return { dims, numbers: Array.from(sample(data), (x) => (Number.isFinite(x) ? Number(x.toPrecision(7)) : String(x))) }
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
