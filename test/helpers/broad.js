/** A checkpoint of one block wide enough for rows of 256, which the K types need. */
import { join } from 'node:path'
import { readRecipe, writeCheckpoint } from './checkpoint.js'

export function broadRecipe() {
  const recipe = structuredClone(readRecipe('plain'))
  for (const part of Object.values(recipe.config)) {
    if (typeof part === 'object')
      Object.assign(part, { hidden_size: 256, num_hidden_layers: 1, num_attention_heads: 4 })
  }
  recipe.config.text_config.intermediate_size = 256
  recipe.config.speech_config.intermediate_size = 256
  recipe.config.decoder_config.n_inner = 512
  return recipe
}

/** A fresh folder with that checkpoint. */
export function broadCheckpoint(t, more = {}) {
  const folder = join(t.testdir({}), 'model')
  writeCheckpoint({ ...broadRecipe(), ...more }, folder)
  return folder
}
