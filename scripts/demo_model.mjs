#!/usr/bin/env node
/**
 * Makes demo/demo.gguf, the embedded model: tiny and RANDOM, so that its candidates say nothing, and its codes sound like
 * nothing. It shows that the whole way through works on this machine; a trained model will take its place.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Clvp, convertFolder } from '../dist/lib/index.js'
import { writeCheckpoint } from '../test/helpers/checkpoint.js'

const width = { hidden_size: 64, num_attention_heads: 2, num_hidden_layers: 2 }
const encoder = { ...width, intermediate_size: 128, projection_dim: 64 }
const recipe = {
  name: 'demo',
  seed: 1,
  config: {
    text_config: { ...encoder, vocab_size: 256, bos_token_id: 255, eos_token_id: 0 },
    speech_config: { ...encoder, vocab_size: 512 },
    decoder_config: {
      ...width,
      num_mel_attn_blocks: 2,
      vocab_size: 514,
      bos_token_id: 512,
      eos_token_id: 513,
    },
    projection_dim: 64,
    logit_scale_init_value: 2.6592,
  },
  preprocessor: {},
  codebook: 512,
  // Stops now and then, so that the candidates have different lengths.
  set: [['speech_decoder_model.lm_head.bias', 513, 2]],
}

if (!existsSync(Clvp.demo)) {
  const work = mkdtempSync(join(tmpdir(), 'clvp-demo-'))
  try {
    const folder = join(work, recipe.name) // the model takes its name
    writeCheckpoint(recipe, folder)
    await convertFolder(folder, Clvp.demo, { type: 'q8_0' })
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
