/**
 * What is asked of tortoise-tts' own classes and of ours, for a model of given sizes: { name, seed, layers, width, codes, positions,
 * texts, words, text: { width, layers }, speech: { width, layers }, latent }. Inputs follow from the seed. scripts/parity/tortoise_live.mjs
 * runs both sides; the reference's answers for one size are in test/golden/tortoise.json.
 */
import { hash, nameKey } from './checkpoint.js'

const HEAD_WIDTH = 64
/** What UnifiedVoice adds to `max_mel_tokens` and to `max_text_tokens` for its tables of positions. */
const moreCodes = 4
const moreWords = 2
/** tortoise's window, 6 s, of which TextToSpeech() takes one of each clip. */
const windowSamples = 132_300

/** `count` ids from `low` to `high` - 1. */
function ids({ seed }, name, count, low, high) {
  const key = nameKey(seed, name)
  return Array.from({ length: count }, (_, i) => low + (hash(key, i) % (high - low)))
}

/** The arguments of tortoise's UnifiedVoice. */
function unifiedVoice({ layers, width, codes, positions, texts, words }) {
  return {
    layers,
    model_dim: width,
    heads: width / HEAD_WIDTH,
    max_mel_tokens: positions - moreCodes,
    max_text_tokens: texts - moreWords,
    max_conditioning_inputs: 2,
    number_text_tokens: words - 1,
    start_text_token: words - 1,
    number_mel_codes: codes,
    start_mel_token: codes - 2,
    stop_mel_token: codes - 1,
    checkpointing: false,
    train_solo_embeddings: false,
  }
}

/** The arguments of tortoise's CLVP. */
function clvp({ words, codes, text, speech, latent }) {
  return {
    dim_text: text.width,
    dim_speech: speech.width,
    dim_latent: latent,
    num_text_tokens: words,
    text_enc_depth: text.layers,
    text_seq_len: 350,
    text_heads: text.width / HEAD_WIDTH,
    num_speech_tokens: codes - 2,
    speech_enc_depth: speech.layers,
    speech_heads: speech.width / HEAD_WIDTH,
    speech_seq_len: 430,
  }
}

/**
 * `draws` are made with both ways to count positions. Rows of `scores` are filled up to `padTo` codes and fixed.
 *
 * @param size with `lengths` of the texts, `maxTokens` to draw, and `rows`, the lengths of the rows to score
 */
export function makeCase(size) {
  const { seed, codes, lengths, maxTokens, rows } = size
  const texts = lengths.map((length, i) => ids(size, `text ${i}`, length, 1, size.words - 1))
  const voices = [[0], [0, 1, 2]]
  const draws = texts.flatMap((_, text) => [1, 2].map((penalty) => ({ text, voice: text % 2, penalty })))
  const latents = texts.map((_, text) => {
    return { text, voice: text % 2, codes: ids(size, `latents ${text}`, maxTokens, 0, codes - 2) }
  })
  const scores = texts.map((_, text) => {
    return { text, rows: rows.map((length) => ids(size, `row ${text} ${length}`, length, 0, codes - 2)) }
  })
  return {
    seed,
    unifiedVoice: unifiedVoice(size),
    clvp: clvp(size),
    clips: [1, 2, 3].map((clip) => ({ seed: 10 * seed + clip, count: windowSamples })),
    ...{ voices, texts, draws, maxTokens, latents, scores, padTo: 500 },
  }
}

/** A model of these sizes as a recipe of checkpoint.js. */
export function recipeOf({
  name,
  seed,
  layers,
  width,
  codes,
  positions,
  texts,
  words,
  text,
  speech,
  latent,
}) {
  const encoder = (tower) => ({
    hidden_size: tower.width,
    intermediate_size: 2 * tower.width,
    projection_dim: latent,
    num_hidden_layers: tower.layers,
    num_attention_heads: tower.width / HEAD_WIDTH,
  })
  return {
    name,
    seed,
    config: {
      text_config: { ...encoder(text), vocab_size: words, bos_token_id: words - 1, eos_token_id: 0 },
      speech_config: { ...encoder(speech), vocab_size: codes - 2 },
      decoder_config: {
        ...{ vocab_size: codes, bos_token_id: codes - 2, eos_token_id: codes - 1, hidden_size: width },
        ...{ num_hidden_layers: layers, num_attention_heads: width / HEAD_WIDTH, num_mel_attn_blocks: 6 },
        ...{ max_position_embeddings: positions, max_text_tokens: texts },
      },
      projection_dim: latent,
    },
    preprocessor: { mel_norms: null },
    // Without a penalty id 1 is often the likeliest: tortoise penalizes it from the start.
    set: [['speech_decoder_model.lm_head.bias', 1, 3]],
  }
}

/** The size whose answers `npm test` knows. */
export const goldenSize = {
  ...{ name: 'golden', seed: 7, layers: 2, width: 64, codes: 300, positions: 40, texts: 40, words: 256 },
  ...{ text: { width: 64, layers: 1 }, speech: { width: 64, layers: 2 }, latent: 64 },
  ...{ lengths: [2, 17], maxTokens: 30, rows: [3, 499] },
}
