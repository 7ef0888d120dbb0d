/**
 * Calls of the model classes that are compared with transformers': arguments made of a recipe's sizes and a hash, the same
 * every time. Shared by scripts/parity/models.mjs, which runs both sides, and the tests, which know the reference's answers.
 *
 * A case is { id, method, part, calls } with the path of a part of the model, and the arguments of one or more calls, of which
 * each goes on from the one before by `pastKeyValues`. `only` names the outputs to compare, `fails` says that the reference
 * raises an error, and what ours does: 'refuses' or 'works'.
 */
import { Tensor } from '../../dist/lib/index.js'
import { hash, nameKey } from './checkpoint.js'

/** Numbers out of a recipe's seed and a name. */
class Numbers {
  #key
  #next = 0

  constructor(recipe, name) {
    this.#key = nameKey(recipe.seed, name)
  }

  below(n) {
    return hash(this.#key, this.#next++) % n
  }

  /** Rows of ids from `low` to `high` - 1. */
  ids(rows, columns, low, high) {
    return this.#matrix(rows, columns, () => low + this.below(high - low))
  }

  floats(...dims) {
    const size = dims.reduce((a, b) => a * b, 1)
    const data = Float32Array.from({ length: size }, () => (this.below(20001) - 10000) / 5000)
    return new Tensor(data, dims)
  }

  #matrix(rows, columns, make) {
    return Array.from({ length: rows }, () => Array.from({ length: columns }, make))
  }
}

/** Masks [rows, columns] whose row i hides i tokens at one side; 'holes' hides some, and all of the last row. */
function mask(rows, columns, side) {
  const visible = (row, column) => {
    if (side === 'left') return column >= row
    if (side === 'right') return column < columns - row
    return row === rows - 1 ? false : (column + row) % 3 !== 1
  }
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => Number(visible(row, column))),
  )
}

const all = { outputHiddenStates: true, outputAttentions: true }

function encoderCases(recipe, part, config) {
  const make = new Numbers(recipe, `model.${part}`)
  const ids = (rows, tokens) => make.ids(rows, tokens, 0, config.vocab_size)
  const calls = {
    'one row': { inputIds: ids(1, 7), ...all },
    'three rows': { inputIds: ids(3, 5), ...all },
    'left padding': { inputIds: ids(4, 6), attentionMask: mask(4, 6, 'left'), ...all },
    'right padding': { inputIds: ids(2, 9), attentionMask: mask(2, 9, 'right'), ...all },
    'holes, a hidden row': { inputIds: ids(3, 8), attentionMask: mask(3, 8, 'holes'), ...all },
    embeddings: { inputsEmbeds: make.floats(2, 4, config.hidden_size), outputHiddenStates: true },
    'positions by row': {
      inputIds: ids(2, 5),
      positionIds: [
        [4, 3, 2, 1, 0],
        [0, 0, 2, 2, 1],
      ],
    },
    'positions for all rows': {
      inputIds: ids(3, 4),
      positionIds: [[3, 1, 0, 2]],
      attentionMask: mask(3, 4, 'right'),
    },
    'one token': { inputIds: ids(1, 1), ...all },
    'forty tokens': { inputIds: ids(1, 40) },
  }
  return list('ClvpEncoder.forward', part, calls)
}

function conditioningCases(recipe, { text, decoder, channels }) {
  const make = new Numbers(recipe, 'model.conditioning')
  const ids = (rows, tokens) => make.ids(rows, tokens, 1, text.vocab_size)
  const clips = (rows, frames) => make.floats(rows, channels, frames)
  const calls = {
    'one and one': { inputIds: ids(1, 6), inputFeatures: clips(1, 20) },
    'one text, three clips': { inputIds: ids(1, 4), inputFeatures: clips(3, 9) },
    'three texts, one clip': { inputIds: ids(3, 5), inputFeatures: clips(1, 11) },
    'four and four': { inputIds: ids(4, 3), inputFeatures: clips(4, 8), attentionMask: mask(4, 3, 'right') },
    'left padding': { inputIds: ids(2, 6), inputFeatures: clips(1, 7), attentionMask: mask(2, 6, 'left') },
    'ids 0 within': {
      inputIds: [
        [5, 0, 7, 0],
        [0, 3, 4, 5],
        [6, 7, 8, 9],
      ],
      inputFeatures: clips(1, 6),
    },
    'one frame': { inputIds: ids(1, 2), inputFeatures: clips(1, 1) },
  }
  const fails = {
    'two texts, three clips': [{ inputIds: ids(2, 4), inputFeatures: clips(3, 5) }, 'refuses'],
    embeddings: [
      { inputsEmbeds: make.floats(1, 4, decoder.hidden_size), inputFeatures: clips(1, 5) },
      'works',
    ],
  }
  return list('ClvpConditioningEncoder.forward', 'conditioningEncoder', calls, fails)
}

function decoderCalls(make, config) {
  const ids = (rows, tokens) => make.ids(rows, tokens, 0, config.vocab_size)
  return {
    'one row': { inputIds: ids(1, 7), ...all },
    'left padding': { inputIds: ids(3, 6), attentionMask: mask(3, 6, 'left'), ...all },
    'right padding': { inputIds: ids(4, 5), attentionMask: mask(4, 5, 'right'), ...all },
    'holes, a hidden row': { inputIds: ids(3, 7), attentionMask: mask(3, 7, 'holes') },
    embeddings: { inputsEmbeds: make.floats(2, 5, config.hidden_size), outputHiddenStates: true },
    'token types': { inputIds: ids(2, 5), tokenTypeIds: ids(2, 5) },
    positions: {
      inputIds: ids(2, 4),
      positionIds: [
        [9, 3, 3, 0],
        [1, 2, 3, 40],
      ],
    },
    'a past': [
      { inputIds: ids(2, 5) },
      { inputIds: ids(2, 3), ...all },
      { inputIds: ids(2, 1) },
      { inputIds: ids(2, 1), outputAttentions: true },
    ],
    'a past with padding': [
      { inputIds: ids(3, 4), attentionMask: mask(3, 4, 'left') },
      { inputIds: ids(3, 2), attentionMask: mask(3, 6, 'left'), tokenTypeIds: ids(3, 2) },
      { inputIds: ids(3, 1), attentionMask: mask(3, 7, 'left'), positionIds: [[5], [6], [7]] },
    ],
  }
}

function decoderCases(recipe, config) {
  const part = 'speechDecoderModel.model.decoder'
  const calls = decoderCalls(new Numbers(recipe, 'model.decoder'), config)
  const model = decoderCalls(new Numbers(recipe, 'model.model'), config)
  const some = Object.fromEntries(
    ['left padding', 'a past', 'token types'].map((name) => [name, model[name]]),
  )
  return [
    ...list('ClvpDecoder.forward', part, calls),
    ...list('ClvpModel.forward', 'speechDecoderModel.model', some),
  ]
}

function causalCases(recipe, config) {
  const make = new Numbers(recipe, 'model.causal')
  const calls = decoderCalls(make, config)
  const labels = make
    .ids(3, 6, 0, config.vocab_size)
    .map((row, i) => row.map((id, t) => ((t + i) % 3 ? id : -100)))
  calls.labels = { inputIds: make.ids(3, 6, 0, config.vocab_size), labels }
  calls['labels, padding'] = { ...calls.labels, attentionMask: mask(3, 6, 'right') }
  return list('ClvpForCausalLM.forward', 'speechDecoderModel', calls)
}

/** Both sides' functions have the same names; those of Python are in models_reference.py. */
export const functions = {
  /** Id 5 becomes likelier, and 7 impossible. */
  favour: (_, scores) => {
    const data = Float32Array.from(scores.data)
    for (let from = 0; from < data.length; from += scores.dims[1]) {
      data[from + 5] += 1
      data[from + 7] = -Infinity
    }
    return new Tensor(data, scores.dims)
  },
  /** Ends rows whose ids sum to a multiple of 5. */
  fives: (inputIds) => {
    const [rows, length] = inputIds.dims
    return Array.from({ length: rows }, (_, row) => {
      const sum = inputIds.data.subarray(row * length, (row + 1) * length).reduce((a, b) => a + b, 0)
      return sum % 5 === 0
    })
  },
}

const record = { outputScores: true, outputLogits: true, outputHiddenStates: true, outputAttentions: true }

function generateCalls(make, config, prompt) {
  const own = (tokens) => make.ids(1, tokens, 0, config.vocab_size)[0]
  return {
    greedy: { ...prompt(1), maxNewTokens: 12, ...record },
    'greedy, three rows': { ...prompt(3), maxNewTokens: 20, outputScores: true },
    'four beams, ten tokens': {
      ...prompt(1),
      numBeams: 4,
      numReturnSequences: 4,
      maxNewTokens: 10,
      ...record,
    },
    'four beams, forty tokens': {
      ...prompt(1),
      numBeams: 4,
      numReturnSequences: 4,
      maxNewTokens: 40,
      outputLogits: true,
    },
    'two rows of three beams': {
      ...prompt(2),
      numBeams: 3,
      numReturnSequences: 2,
      maxNewTokens: 15,
      outputLogits: true,
    },
    'beams, early': { ...prompt(1), numBeams: 3, maxNewTokens: 30, earlyStopping: true, lengthPenalty: 2 },
    'beams, never': {
      ...prompt(1),
      numBeams: 3,
      maxNewTokens: 30,
      earlyStopping: 'never',
      lengthPenalty: -0.5,
    },
    'repetition penalty': { ...prompt(2), maxNewTokens: 15, repetitionPenalty: 2.5 },
    'no repeated run': { ...prompt(2), maxNewTokens: 30, noRepeatNgramSize: 2 },
    'no repeated id': { ...prompt(1), maxNewTokens: 15, noRepeatNgramSize: 1, outputScores: true },
    'bad words': {
      ...prompt(2),
      maxNewTokens: 12,
      badWordsIds: [own(1), own(2), own(3), [config.eos_token_id]],
      outputScores: true,
    },
    'suppressed ids': { ...prompt(1), maxNewTokens: 12, suppressTokens: own(9), outputScores: true },
    'no early stop': { ...prompt(1), maxNewTokens: 20, minNewTokens: 18, outputScores: true },
    'several stops': {
      ...prompt(2),
      maxNewTokens: 25,
      eosTokenId: [config.eos_token_id, ...own(40)],
      padTokenId: 3,
    },
    'several stops, beams': {
      ...prompt(1),
      maxNewTokens: 12,
      numBeams: 3,
      numReturnSequences: 3,
      eosTokenId: [config.eos_token_id, ...own(20)],
    },
    'penalty and beams': {
      ...prompt(1),
      maxNewTokens: 12,
      numBeams: 2,
      repetitionPenalty: 1.7,
      noRepeatNgramSize: 3,
      minNewTokens: 4,
    },
    'warped scores': {
      ...prompt(1),
      maxNewTokens: 1,
      doSample: true,
      temperature: 0.7,
      topK: 20,
      topP: 0.9,
      outputScores: true,
      only: ['scores.0'],
    },
    'more warped scores': {
      ...prompt(1),
      maxNewTokens: 1,
      doSample: true,
      minP: 0.05,
      typicalP: 0.7,
      repetitionPenalty: 1.3,
      outputScores: true,
      only: ['scores.0'],
    },
    'the likeliest drawn': { ...prompt(2), maxNewTokens: 10, doSample: true, topK: 1 },
  }
}

function causalGenerateCases(recipe, config) {
  const make = new Numbers(recipe, 'model.generate')
  const ids = (rows, tokens) => make.ids(rows, tokens, 0, config.vocab_size - 2)
  const calls = {
    ...generateCalls(make, config, (rows) => ({
      conditioningEmbeds: make.floats(rows, 6, config.hidden_size),
    })),
    ids: { inputIds: ids(1, 5), maxNewTokens: 10, ...record },
    'ids, left padding': {
      inputIds: ids(3, 5),
      attentionMask: mask(3, 5, 'left'),
      maxNewTokens: 8,
      repetitionPenalty: 1.5,
      ...record,
    },
    'ids, right padding': {
      inputIds: ids(3, 5),
      attentionMask: mask(3, 5, 'right'),
      maxNewTokens: 8,
      ...record,
    },
    'ids, maximal length': { inputIds: ids(2, 4), maxLength: 11, minLength: 9 },
    embeddings: { inputsEmbeds: make.floats(2, 4, config.hidden_size), maxNewTokens: 9, outputScores: true },
    'embeddings, left padding': {
      inputsEmbeds: make.floats(2, 4, config.hidden_size),
      attentionMask: mask(2, 4, 'left'),
      maxNewTokens: 9,
    },
    'embeddings, maximal length': {
      inputsEmbeds: make.floats(1, 4, config.hidden_size),
      maxLength: 12,
      minLength: 9,
    },
    'conditioning, maximal length': {
      conditioningEmbeds: make.floats(1, 4, config.hidden_size),
      maxLength: 15,
      minLength: 11,
    },
    nothing: { maxNewTokens: 6 },
    'beams of ids': { inputIds: ids(2, 3), numBeams: 3, numReturnSequences: 2, maxNewTokens: 8 },
    'a processor': { inputIds: ids(2, 3), maxNewTokens: 10, logitsProcessor: 'favour', outputScores: true },
    'a processor, beams': {
      inputIds: ids(1, 3),
      numBeams: 3,
      numReturnSequences: 3,
      maxNewTokens: 10,
      logitsProcessor: 'favour',
    },
    criteria: { inputIds: ids(2, 3), maxNewTokens: 20, stoppingCriteria: 'fives' },
    'criteria, beams': {
      inputIds: ids(1, 3),
      numBeams: 3,
      numReturnSequences: 3,
      maxNewTokens: 12,
      stoppingCriteria: 'fives',
    },
  }
  const embeds = make.floats(1, 4, config.hidden_size)
  const fails = {
    'greedy, two sequences': [{ inputIds: ids(1, 3), numReturnSequences: 2, maxNewTokens: 3 }, 'refuses'],
    'more sequences than beams': [
      { inputIds: ids(1, 3), numBeams: 2, numReturnSequences: 3, maxNewTokens: 3 },
      'refuses',
    ],
    'length behind the prompt': [{ inputIds: ids(1, 5), maxLength: 4 }, 'refuses'],
    'ids and embeddings': [{ inputIds: ids(1, 3), inputsEmbeds: embeds, maxNewTokens: 3 }, 'refuses'],
    'conditioning with a mask': [
      { conditioningEmbeds: embeds, attentionMask: mask(1, 4, 'left'), maxNewTokens: 3 },
      'refuses',
    ],
  }
  return list('ClvpForCausalLM.generate', 'speechDecoderModel', calls, fails)
}

function compositeCases(recipe, { text, speech, decoder, channels }) {
  const make = new Numbers(recipe, 'model.composite')
  const ids = (rows, tokens) => make.ids(rows, tokens, 1, text.vocab_size)
  const clips = (rows) => make.floats(rows, channels, 12)
  const pair = (rows, tokens = 6) => ({ inputIds: ids(rows, tokens), inputFeatures: clips(1) })
  const codes = (rows, tokens) => make.ids(rows, tokens, 0, speech.vocab_size)
  const forward = {
    'one and one': { ...pair(1), returnLoss: true, outputHiddenStates: true },
    'three texts': { ...pair(3), returnLoss: true },
    'four texts, left padding': { ...pair(4), attentionMask: mask(4, 6, 'left'), returnLoss: true },
    'two texts, right padding': { ...pair(2), attentionMask: mask(2, 6, 'right'), outputHiddenStates: true },
    'one text, three clips': { inputIds: ids(1, 5), inputFeatures: clips(3) },
    'two texts, two clips': { inputIds: ids(2, 5), inputFeatures: clips(2), returnLoss: true },
  }
  const embedded = {
    conditioningEncoderInputsEmbeds: make.floats(1, 4, decoder.hidden_size),
    textEncoderInputsEmbeds: make.floats(1, 4, text.hidden_size),
    inputFeatures: clips(1),
  }
  const generate = generateCalls(make, decoder, (rows) => pair(rows))
  for (const call of Object.values(generate)) {
    // What the reference's composite has no field for.
    for (const name of ['outputScores', 'outputLogits', 'outputAttentions']) delete call[name]
  }
  delete generate['warped scores']
  delete generate['more warped scores']
  Object.assign(generate, {
    'four texts, left padding': { ...pair(4), attentionMask: mask(4, 6, 'left'), maxNewTokens: 12 },
    'two texts, right padding': {
      ...pair(2),
      attentionMask: mask(2, 6, 'right'),
      maxNewTokens: 12,
      outputHiddenStates: true,
    },
    'one text, three clips': { inputIds: ids(1, 5), inputFeatures: clips(3), maxNewTokens: 12 },
    'padded codes': { ...pair(2), maxNewTokens: 10, padToMaxMelTokens: 30 },
    'padded codes, beams': {
      ...pair(1),
      maxNewTokens: 10,
      padToMaxMelTokens: 25,
      numBeams: 3,
      numReturnSequences: 3,
    },
    'ids 0 within': {
      inputIds: [
        [5, 0, 7, 0],
        [6, 7, 8, 9],
      ],
      inputFeatures: clips(1),
      maxNewTokens: 8,
    },
  })
  const stop = decoder.eos_token_id
  const fixable = [
    [[1, 2, 3, 4, 5, 6, stop]],
    [
      [1, 2, stop, 4, stop, 6, 7],
      [1, 2, 3, 4, 5, 6, 7],
      [9, stop, stop, stop, stop, stop, stop],
    ],
    [
      [1, 2, stop],
      [3, stop, 4],
    ],
    [[1, stop]],
  ]
  const whole = 'ClvpModelForConditionalGeneration'
  return [
    ...list(`${whole}.forward`, '', forward, { embeddings: [embedded, 'works'] }),
    ...list(`${whole}.generate`, '', generate),
    ...list(`${whole}.getTextFeatures`, '', {
      'two texts': { inputIds: ids(2, 6), ...all },
      'left padding': { inputIds: ids(3, 6), attentionMask: mask(3, 6, 'left') },
      embeddings: { textEncoderInputsEmbeds: make.floats(2, 5, text.hidden_size) },
    }),
    ...list(
      `${whole}.getSpeechFeatures`,
      '',
      {
        codes: { speechIds: codes(3, 9) },
        'codes, padding': { speechIds: codes(3, 7), attentionMask: mask(3, 7, 'right') },
      },
      { 'drawn codes': [{ ...pair(2), maxNewTokens: 9 }, 'works'] },
    ),
    ...list(
      `${whole}.fixSpeechDecoderOutput`,
      '',
      Object.fromEntries(fixable.map((speechIds, i) => [i, { speechIds }])),
    ),
  ]
}

function list(method, part, calls, fails = {}) {
  const sound = Object.entries(calls).map(([name, call]) => {
    const { only, ...rest } = call
    return { name, only, calls: Array.isArray(call) ? call : [rest] }
  })
  const failing = Object.entries(fails).map(([name, [call, ours]]) => ({ name, fails: ours, calls: [call] }))
  return [...sound, ...failing].map((each) => ({
    id: `${method}, ${part}: ${each.name}`,
    method,
    part,
    ...each,
  }))
}

/** All cases of a recipe. */
export function modelCases(recipe) {
  const { text_config: text, speech_config: speech, decoder_config: decoder } = recipe.config
  const channels = decoder.feature_size ?? 80
  return [
    ...encoderCases(recipe, 'textEncoderModel', text),
    ...encoderCases(recipe, 'speechEncoderModel', speech),
    ...conditioningCases(recipe, { text, decoder, channels }),
    ...decoderCases(recipe, decoder),
    ...causalCases(recipe, decoder),
    ...causalGenerateCases(recipe, decoder),
    ...compositeCases(recipe, { text, speech, decoder, channels }),
  ]
}
