/** The public calls, each with arguments that are good, and every place where another could stand. */
import { join } from 'node:path'
import * as api from '../../../dist/lib/index.js'
import { readRecipe, writeCheckpoint } from '../../helpers/checkpoint.js'
import { tinyFile, tone } from '../../helpers/model.js'
import { call, disposed, drained, floats, GENERATE, LOAD, WATCHED } from './call.js'
import { callsOfSpeech, makeSpeech, speechMost, speechOthers } from './speech.js'

const CODES = 298
const TEXT = 'Hi.'

/** Everything that the calls need, in a folder of their own, which is the process's current one. */
export async function makeContext() {
  const file = await tinyFile('plain', 'f32', CODES)
  const folder = join(process.cwd(), 'checkpoint')
  writeCheckpoint(readRecipe('plain'), folder)
  const clvp = await api.Clvp.load(file, { threads: 1 })
  const voice = await clvp.voice(tone())
  const model = await api.ClvpModelForConditionalGeneration.fromPretrained(file, { threads: 1 })
  const tokenizer = await api.ClvpTokenizer.fromPretrained(folder)
  const extractor = new api.ClvpFeatureExtractor()
  const processor = new api.ClvpProcessor(extractor, tokenizer)
  const { pastKeyValues: past } = await model.speechDecoderModel.forward({
    inputIds: [[1, 2]],
    useCache: true,
  })
  const matrices = new Map([['dec.lm_head.weight', { rows: 1, meanSquares: new Float32Array(48).fill(1) }]])
  const importance = new api.Importance({ model: 'plain', texts: 1, voices: 1, matrices })
  const speech = await makeSpeech()
  return { file, folder, clvp, voice, model, tokenizer, extractor, processor, past, importance, speech }
}

// --- options ---------------------------------------------------------------------------------------------

const TOWER = [
  'inputIds',
  'inputsEmbeds',
  'attentionMask',
  'outputHiddenStates',
  'outputAttentions',
  'signal',
]
const DECODER = [...TOWER, 'tokenTypeIds', 'positionIds', 'pastKeyValues', 'useCache']
const SETTINGS = [
  ...[
    'doSample',
    'temperature',
    'topK',
    'topP',
    'minP',
    'typicalP',
    'repetitionPenalty',
    'noRepeatNgramSize',
  ],
  ...[
    'badWordsIds',
    'suppressTokens',
    'minNewTokens',
    'maxNewTokens',
    'minLength',
    'maxLength',
    'numReturnSequences',
  ],
  ...['numBeams', 'lengthPenalty', 'earlyStopping', 'eosTokenId', 'padTokenId'],
]
const DRAW = [
  ...[...SETTINGS, 'generationConfig', 'seed', 'batchSize', 'deterministic', 'positions', 'logitsProcessor'],
  ...[
    'stoppingCriteria',
    'streamer',
    'outputScores',
    'outputLogits',
    'outputHiddenStates',
    'outputAttentions',
    'signal',
  ],
]
const PAD = ['padding', 'maxLength', 'padToMultipleOf', 'paddingSide', 'returnAttentionMask']
const TOKENIZE = [
  ...[
    ...PAD,
    'truncation',
    'truncationSide',
    'addSpecialTokens',
    'splitSpecialTokens',
    'returnSpecialTokensMask',
  ],
]
const FEATURE = [
  'samplingRate',
  'padding',
  'truncation',
  'maxLength',
  'padToMultipleOf',
  'returnAttentionMask',
]
const TOKENIZER = [
  ...['unkToken', 'bosToken', 'eosToken', 'padToken', 'addPrefixSpace', 'paddingSide', 'truncationSide'],
  ...['modelMaxLength', 'cleanUpTokenizationSpaces'],
]
const EXTRACTOR = [
  ...[
    'featureSize',
    'samplingRate',
    'defaultAudioLength',
    'hopLength',
    'chunkLength',
    'nFft',
    'paddingValue',
  ],
  ...['paddingSide', 'melNorms', 'returnAttentionMask'],
]
const OUTPUT = ['type', 'tensorTypes', 'importance', 'threads', ...WATCHED]
const DECODE = ['skipSpecialTokens', 'cleanUpTokenizationSpaces']
const COMMON_CONFIG = [
  ...['architectures', 'outputHiddenStates', 'returnDict', 'dtype', 'chunkSizeFeedForward', 'problemType'],
]
const SAMPLES = ['texts', 'voices', 'candidates', 'maxTokens', 'seed', 'device', 'threads', ...WATCHED]

/** The largest that is allowed: one more must be refused. */
const MOST = {
  ...speechMost,
  candidates: 65536,
  seed: Number.MAX_SAFE_INTEGER,
  topK: 2 ** 31,
  topP: 1,
  minP: 1,
  typicalP: 1,
  temperature: 1000,
  repetitionPenalty: 1000,
  padTo: 4096,
  keep: 65536,
  batchSize: 1024,
  beams: 256,
  numBeams: 256,
  lengthPenalty: 10,
  threads: 512,
  iterations: 1000,
  noRepeatNgramSize: 2 ** 16,
  padToMaxMelTokens: 4097,
  maxLength: 2 ** 24,
  padToMultipleOf: 2 ** 24,
  tokens: 500,
  rounds: 100,
  samplingRate: 384_000,
  nFft: 2 ** 16,
  hopLength: 2 ** 16,
  featureSize: 1024,
  maxCalls: 1_000_000,
}

/** Other good values, by the option's name: an odd one beside them meets other ways through the code. */
const OTHERS = {
  ...speechOthers,
  candidates: [2, 3],
  seed: [0, Number.MAX_SAFE_INTEGER],
  temperature: [0, 0.5, 1000],
  topK: [0, 1, 2 ** 31],
  topP: [0, 0.5],
  minP: [0, 1],
  typicalP: [0.5],
  repetitionPenalty: [1, 1000],
  maxTokens: [1, 3],
  padTo: [0, 4],
  keep: [1],
  batchSize: ['auto', 1, 1024],
  scores: ['all', 'rank', 'none'],
  deterministic: [true, false],
  budgetMs: [1, 50, 86_400_000],
  prune: [0, 0.5, 0.9],
  beams: [2, 3],
  lengthPenalty: [-2, 0],
  earlyStopping: [true, 'never'],
  positions: ['trained', 'cached', 'transformers'],
  normalizer: ['tortoise', 'transformers', 'none', (text) => text],
  compat: ['tortoise', 'transformers'],
  history: [[], [1, 5]],
  latents: [true],
  logitsProcessor: [(_, scores) => scores],
  stoppingCriteria: [() => true, () => false],
  doSample: [true],
  numBeams: [2, 3],
  numReturnSequences: [2],
  noRepeatNgramSize: [1, 2],
  badWordsIds: [[], [[1]], [[1, 2], [3]]],
  suppressTokens: [[1]],
  minNewTokens: [0, 2],
  maxNewTokens: [1, 3],
  minLength: [3],
  maxLength: [5],
  eosTokenId: [5, [1, 2]],
  padTokenId: [0],
  outputScores: [true],
  outputLogits: [true],
  outputHiddenStates: [true],
  outputAttentions: [true],
  useCache: [true, false],
  returnLoss: [true],
  inputIds: [
    [[5, 6, 7]],
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    [0, 0, 0],
  ],
  attentionMask: [[[1, 1, 1]], [[0, 1, 1]], [[0, 0, 0]], [[1, 1]]],
  positionIds: [[[0, 1, 2]], [[2, 1, 0]]],
  tokenTypeIds: [[[0, 1, 2]]],
  labels: [[[1, 2, 3]], [[-100, -100, -100]]],
  padToMaxMelTokens: [1, 8],
  padding: [true, 'longest'],
  truncation: [true],
  padToMultipleOf: [2, 8],
  paddingSide: ['left'],
  truncationSide: ['left'],
  returnAttentionMask: [true, false],
  returnSpecialTokensMask: [true],
  splitSpecialTokens: [false],
  skipSpecialTokens: [true],
  cleanUpTokenizationSpaces: [true],
  device: ['cpu'],
  parts: [['decoder'], ['ranker']],
  mmap: [true],
  kvType: ['f32', 'f16', 'q8_0'],
  type: ['f16', 'q8_0', 'auto'],
  tensorTypes: [[['dec.*', 'f16']]],
  requantize: [true],
  signal: [new AbortController().signal],
  onProgress: [() => {}],
  melNorms: [null],
  iterations: [2],
  text: ['Hello there.', 'a'],
}

// --- the calls -------------------------------------------------------------------------------------------

function callsOfClvp({ file, clvp, voice }) {
  const few = { voice, candidates: 1, maxTokens: 2, seed: 1 }
  const row = Int32Array.of(1, 2)
  const plain = ['signal']
  return [
    call(
      'Clvp.load',
      (...args) => disposed(api.Clvp.load(...args)),
      { source: file },
      [...LOAD, ...WATCHED],
      { threads: 1 },
    ),
    call('voice', (...args) => clvp.voice(...args), { clips: tone() }, [
      'combine',
      'windows',
      'seconds',
      'seed',
      'compat',
      'signal',
    ]),
    call('voice of samples', (samples, sampleRate) => clvp.voice([{ samples, sampleRate }]), tone()),
    call('generate', (...args) => clvp.generate(...args), { text: TEXT }, GENERATE, few),
    call('generate with beams', (...args) => clvp.generate(...args), { text: TEXT }, GENERATE, {
      voice,
      maxTokens: 2,
      beams: 2,
    }),
    call('stream', (...args) => drained(clvp.stream(...args)), { text: TEXT }, GENERATE, few),
    call('rank', (...args) => clvp.rank(...args), { text: TEXT, rows: [row] }, plain),
    call('encode', (...args) => clvp.encode(...args), { clip: tone() }, plain),
    call('score', (...args) => clvp.score(...args), { text: TEXT, clips: [tone()] }, plain),
    call('scoreTable', (...args) => clvp.scoreTable(...args), { texts: [TEXT], clips: [tone()] }, plain),
    call(
      'latents',
      (...args) => clvp.latents(...args),
      { text: TEXT, codes: row },
      ['voice', 'positions', ...plain],
      {
        voice,
      },
    ),
    call('embedText', (...args) => clvp.embedText(...args), { text: TEXT }, plain),
    call('embedSpeech', (...args) => clvp.embedSpeech(...args), { codes: row }, plain),
    call('codesToMel', (...args) => clvp.codesToMel(...args), { codes: row }, plain),
    call('preview', (...args) => clvp.preview(...args), { codes: row }, ['iterations', 'signal'], {
      iterations: 1,
    }),
    call('explain', (...args) => clvp.explain(...args), { text: TEXT }),
    call(
      'estimateMemory',
      (request) => clvp.info.estimateMemory(request),
      {},
      ['candidates', 'tokens', 'batchSize', 'textTokens', 'scores', 'padTo', 'latents', 'keep'],
      { candidates: 1, tokens: 1 },
    ),
    call(
      'benchmark',
      (...args) => api.benchmark(...args),
      { clvp },
      ['batchSizes', 'tokens', 'rounds', ...WATCHED],
      {
        ...{ batchSizes: [1], tokens: 2, rounds: 1 },
      },
    ),
  ]
}

function callsOfModels({ file, model, past }) {
  const { conditioningEncoder, speechDecoderModel, textEncoderModel, speechEncoderModel } = model
  const { hiddenSize: width, featureSize: channels } = model.config.decoderConfig
  const { hiddenSize: textWidth } = model.config.textConfig
  const inputFeatures = floats([1, channels, 6])
  const inputIds = [[5, 6, 7]]
  const forward = [
    ...[
      'inputIds',
      'inputFeatures',
      'conditioningEncoderInputsEmbeds',
      'textEncoderInputsEmbeds',
      'attentionMask',
    ],
    ...['returnLoss', 'outputHiddenStates', 'outputAttentions', 'signal'],
  ]
  const whole = ['inputIds', 'inputFeatures', 'attentionMask', 'padToMaxMelTokens', ...DRAW]
  const speech = [
    'speechIds',
    'inputIds',
    'conditioningEncoderInputsEmbeds',
    'inputFeatures',
    'attentionMask',
    ...DRAW,
  ]
  const textFeatures = [
    'inputIds',
    'textEncoderInputsEmbeds',
    'attentionMask',
    'outputHiddenStates',
    'outputAttentions',
    'signal',
  ]
  const prompts = ['inputIds', 'inputsEmbeds', 'conditioningEmbeds', 'attentionMask', ...DRAW]
  const Model = api.ClvpModelForConditionalGeneration
  return [
    call(
      'Model.fromPretrained',
      (...args) => disposed(Model.fromPretrained(...args)),
      { source: file },
      LOAD,
      { threads: 1 },
    ),
    call('model.forward', (options) => model.forward(options), {}, forward, { inputIds, inputFeatures }),
    call('model.generate', (options) => model.generate(options), {}, whole, {
      inputIds,
      inputFeatures,
      maxNewTokens: 2,
    }),
    call('model.generate, drawn', (options) => model.generate(options), {}, whole, {
      ...{ inputIds, inputFeatures, maxNewTokens: 2, doSample: true, numReturnSequences: 2, seed: 1 },
    }),
    call('getTextFeatures', (options) => model.getTextFeatures(options), {}, textFeatures, { inputIds }),
    call('getTextFeatures of embeddings', (options) => model.getTextFeatures(options), {}, textFeatures, {
      textEncoderInputsEmbeds: floats([1, 2, textWidth]),
    }),
    call('getSpeechFeatures', (options) => model.getSpeechFeatures(options), {}, speech, {
      speechIds: [[1, 2]],
    }),
    call('getSpeechFeatures of a text', (options) => model.getSpeechFeatures(options), {}, speech, {
      ...{ inputIds, inputFeatures, maxNewTokens: 2 },
    }),
    call('fixSpeechDecoderOutput', (ids) => model.fixSpeechDecoderOutput(ids), { speechIds: [[1, 2, 3]] }),
    call(
      'conditioningEncoder.forward',
      (options) => conditioningEncoder.forward(options),
      {},
      [...['inputFeatures', 'inputIds', 'inputsEmbeds', 'attentionMask', 'signal']],
      { inputIds, inputFeatures },
    ),
    call(
      'conditioningEncoder.forward of embeddings',
      (options) => conditioningEncoder.forward(options),
      {},
      [...['inputFeatures', 'inputIds', 'inputsEmbeds', 'attentionMask', 'signal']],
      { inputsEmbeds: floats([1, 2, width]), inputFeatures },
    ),
    call('computeGroupnormGroups', (n) => conditioningEncoder.computeGroupnormGroups(n), { channels: 48 }),
    call('decoder.forward', (options) => speechDecoderModel.forward(options), {}, [...DECODER, 'labels'], {
      inputIds,
    }),
    call(
      'decoder.forward of embeddings',
      (options) => speechDecoderModel.forward(options),
      {},
      [...DECODER, 'labels'],
      {
        inputsEmbeds: floats([1, 2, width]),
      },
    ),
    call('decoder.forward with a past', (options) => speechDecoderModel.forward(options), {}, DECODER, {
      ...{ inputIds: [[3]], pastKeyValues: past },
    }),
    call(
      'decoder.forward without a head',
      (options) => speechDecoderModel.model.decoder.forward(options),
      {},
      DECODER,
      {
        inputIds,
      },
    ),
    call('decoder.generate', (options) => speechDecoderModel.generate(options), {}, prompts, {
      maxNewTokens: 2,
    }),
    call('decoder.generate of ids', (options) => speechDecoderModel.generate(options), {}, prompts, {
      ...{ inputIds, maxNewTokens: 2, numBeams: 2 },
    }),
    call('decoder.generate of embeddings', (options) => speechDecoderModel.generate(options), {}, prompts, {
      ...{ inputsEmbeds: floats([1, 2, width]), maxNewTokens: 2 },
    }),
    call('decoder.generate behind a voice', (options) => speechDecoderModel.generate(options), {}, prompts, {
      ...{ conditioningEmbeds: floats([1, 2, width]), maxNewTokens: 2 },
    }),
    call(
      'textEncoder.forward',
      (options) => textEncoderModel.forward(options),
      {},
      [...TOWER, 'positionIds'],
      { inputIds },
    ),
    call(
      'speechEncoder.forward',
      (options) => speechEncoderModel.forward(options),
      {},
      [...TOWER, 'positionIds'],
      { inputIds },
    ),
  ]
}

function callsOfTokenizer({ folder, tokenizer }) {
  const vocab = tokenizer.getVocab()
  const merges = [...tokenizer.merges]
  const ids = [1, 2, 3]
  return [
    call(
      'new ClvpTokenizer',
      (options) => new api.ClvpTokenizer(options),
      {},
      ['vocab', 'merges', ...TOKENIZER],
      { vocab, merges },
    ),
    call(
      'a new tokenizer, used',
      (options) => {
        const made = new api.ClvpTokenizer(options)
        return made.decode(made.encode(TEXT, { splitSpecialTokens: false }))
      },
      {},
      TOKENIZER,
      { vocab, merges },
    ),
    call(
      'ClvpTokenizer.fromPretrained',
      (...args) => api.ClvpTokenizer.fromPretrained(...args),
      { folder },
      TOKENIZER,
    ),
    call(
      'ClvpTokenizer.fromTexts',
      (...args) => api.ClvpTokenizer.fromTexts(...args),
      {
        ...{ vocabText: JSON.stringify(vocab), mergesText: merges.join('\n') },
      },
      TOKENIZER,
    ),
    call(
      'ClvpTokenizer.fromFiles',
      (...args) => api.ClvpTokenizer.fromFiles(...args),
      {
        ...{ vocabPath: join(folder, 'vocab.json'), mergesPath: join(folder, 'merges.txt') },
      },
      TOKENIZER,
    ),
    call('tokenize', (...args) => tokenizer.tokenize(...args), { text: TEXT }, ['splitSpecialTokens']),
    call('encode', (...args) => tokenizer.encode(...args), { text: TEXT }, ['splitSpecialTokens']),
    call('tokenizer()', (...args) => tokenizer(...args), { texts: [TEXT, 'a'] }, TOKENIZE, { padding: true }),
    call('pad', (...args) => tokenizer.pad(...args), { encoded: { inputIds: ids } }, PAD),
    call(
      'pad of parts',
      (inputIds, attentionMask, specialTokensMask) => {
        return tokenizer.pad({ inputIds, attentionMask, specialTokensMask })
      },
      { inputIds: ids, attentionMask: [1, 1, 1], specialTokensMask: [0, 0, 0] },
    ),
    call('encodeWithOffsets', (text) => tokenizer.encodeWithOffsets(text), { text: TEXT }),
    call('decode', (...args) => tokenizer.decode(...args), { ids }, DECODE),
    call('batchDecode', (...args) => tokenizer.batchDecode(...args), { sequences: [ids, ids] }, DECODE),
    call('convertTokensToString', (tokens) => tokenizer.convertTokensToString(tokens), {
      tokens: ['a', 'b'],
    }),
    call('convertTokensToIds', (tokens) => tokenizer.convertTokensToIds(tokens), { tokens: ['a', 'b'] }),
    call('convertIdsToTokens', (...args) => tokenizer.convertIdsToTokens(...args), { ids }, [
      'skipSpecialTokens',
    ]),
    call('buildInputsWithSpecialTokens', (...args) => tokenizer.buildInputsWithSpecialTokens(...args), {
      ids,
      pair: ids,
    }),
    call('getSpecialTokensMask', (...args) => tokenizer.getSpecialTokensMask(...args), {
      ids,
      pair: [],
      already: true,
    }),
    call('createTokenTypeIdsFromSequences', (...args) => tokenizer.createTokenTypeIdsFromSequences(...args), {
      ids,
      pair: ids,
    }),
    call('saveVocabulary', (...args) => tokenizer.saveVocabulary(...args), { folder: 'saved', prefix: 'a' }),
    call('tokenizer.savePretrained', (...args) => tokenizer.savePretrained(...args), {
      folder: 'saved',
      processorClass: 'P',
    }),
  ]
}

function callsOfFeatures({ folder, extractor, processor, tokenizer }) {
  const clip = tone(0.1).samples
  const processed = [
    ...new Set(['text', 'audio', 'rawSpeech', 'textKwargs', 'audioKwargs', ...TOKENIZE, ...FEATURE]),
  ]
  const quick = { padding: false }
  return [
    call('new ClvpFeatureExtractor', (options) => new api.ClvpFeatureExtractor(options), {}, EXTRACTOR),
    call(
      'a new extractor, used',
      (options) => new api.ClvpFeatureExtractor(options)([0.1, 0.2], quick),
      {},
      EXTRACTOR,
    ),
    call('ClvpFeatureExtractor.fromDict', (json) => api.ClvpFeatureExtractor.fromDict(json), {
      dictionary: { n_fft: 512 },
    }),
    call('ClvpFeatureExtractor.fromPretrained', (source) => api.ClvpFeatureExtractor.fromPretrained(source), {
      source: folder,
    }),
    call('extractor()', (...args) => extractor(...args), { rawSpeech: [clip] }, FEATURE, quick),
    call('extractor.savePretrained', (target) => extractor.savePretrained(target), { folder: 'saved' }),
    call('new ClvpProcessor', (...args) => new api.ClvpProcessor(...args), { extractor, tokenizer }),
    call('ClvpProcessor.fromPretrained', (source) => api.ClvpProcessor.fromPretrained(source), { folder }),
    call('processor()', (options) => processor(options), {}, processed, {
      text: TEXT,
      audio: clip,
      ...quick,
    }),
    call('processor.decode', (...args) => processor.decode(...args), { ids: [1] }, DECODE),
    call('processor.batchDecode', (...args) => processor.batchDecode(...args), { sequences: [[1]] }, DECODE),
    call('processor.savePretrained', (target) => processor.savePretrained(target), { folder: 'saved' }),
  ]
}

function callsOfConfigs({ folder }) {
  const { ClvpConfig, ClvpDecoderConfig, ClvpEncoderConfig } = api
  const encoder = Object.keys(new ClvpEncoderConfig())
  const decoder = Object.keys(new ClvpDecoderConfig())
  const parts = [
    'textConfig',
    'speechConfig',
    'decoderConfig',
    'projectionDim',
    'logitScaleInitValue',
    'initializerFactor',
  ]
  const both = (Class, known) => [
    call(`new ${Class.name}`, (options) => new Class(options), {}, [
      ...new Set([...known, ...COMMON_CONFIG]),
    ]),
    call(`${Class.name}.fromDict`, (json) => Class.fromDict(json).toJSON(), {
      dictionary: { hidden_size: 48 },
    }),
    call(`${Class.name}.fromPretrained`, (source) => Class.fromPretrained(source), { source: folder }),
    call(`${Class.name}.savePretrained`, (target) => new Class().savePretrained(target), { folder: 'saved' }),
  ]
  const whole = {
    text: new ClvpEncoderConfig(),
    speech: new ClvpEncoderConfig(),
    decoder: new ClvpDecoderConfig(),
  }
  return [
    ...both(ClvpEncoderConfig, encoder),
    ...both(ClvpDecoderConfig, decoder),
    ...both(ClvpConfig, parts),
    call(
      'ClvpEncoderConfig.fromPretrained of a part',
      (...args) => ClvpEncoderConfig.fromPretrained(...args),
      {
        source: folder,
      },
      ['configType'],
    ),
    call('ClvpConfig.fromSubModelConfigs', (...args) => ClvpConfig.fromSubModelConfigs(...args), whole, [
      ...['projectionDim', 'logitScaleInitValue', 'initializerFactor'],
    ]),
  ]
}

function callsOfFiles({ file, folder, importance }) {
  const quantize = { type: 'q8_0', threads: 1 }
  return [
    call(
      'convertFolder',
      (...args) => api.convertFolder(...args),
      { source: folder, target: 'out.gguf' },
      [...OUTPUT, 'name'],
      {
        threads: 1,
      },
    ),
    call(
      'quantizeFile',
      (...args) => api.quantizeFile(...args),
      { source: file, target: 'out.gguf' },
      [...OUTPUT, 'requantize'],
      quantize,
    ),
    call(
      'quantizeFile with importances',
      (...args) => api.quantizeFile(...args),
      { source: file, target: 'out.gguf' },
      OUTPUT,
      {
        ...{ type: 'q4_k', threads: 1, importance },
      },
    ),
    call('inspectModel', (path) => api.inspectModel(path), { path: file }),
    call('verifyModel', (...args) => api.verifyModel(...args), { path: file }, ['threads', ...WATCHED], {
      threads: 1,
    }),
    call(
      'compareModels',
      (...args) => api.compareModels(...args),
      { a: file, b: file },
      [...SAMPLES, 'rows'],
      {
        ...{ texts: [TEXT], candidates: 1, maxTokens: 2, threads: 1 },
      },
    ),
    call(
      'calibrate',
      (...args) => api.calibrate(...args),
      { source: file },
      [...SAMPLES, 'type', 'revision'],
      {
        ...{ texts: [TEXT], candidates: 1, maxTokens: 2, threads: 1 },
      },
    ),
    call('pullModel', (id) => api.pullModel(id), { id: 'no id' }), // a good one would be fetched
    call('Importance.load', (path) => api.Importance.load(path), { path: join(folder, 'config.json') }),
    call('Importance.save', (path) => importance.save(path), { path: 'importance.json' }),
    call(
      'new Importance',
      (...args) => new api.Importance(...args),
      {},
      ['model', 'texts', 'voices', 'matrices'],
      {
        ...{ model: 'a', texts: 1, voices: 1, matrices: importance.matrices },
      },
    ),
    call(
      'new Importance of a matrix',
      (rows, meanSquares) => {
        return new api.Importance({
          model: 'a',
          texts: 1,
          voices: 1,
          matrices: new Map([['a', { rows, meanSquares }]]),
        })
      },
      { rows: 1, meanSquares: Float32Array.of(1) },
    ),
  ]
}

/** As compareModels() gives it, of one tensor. */
const comparison = {
  a: { path: 'a.gguf', type: 'f32', bytes: 1 },
  b: { path: 'b.gguf', type: 'f16', bytes: 1 },
  tensors: [
    {
      name: 'dec.a',
      types: { a: 'f32', b: 'f16' },
      dims: [1],
      relativeError: 0.1,
      maxError: 0.1,
      cosine: 1,
    },
  ],
  samples: { texts: 1, voices: 1, candidates: 1, seed: 0 },
  memoryBytes: 2,
  failure: { model: 'b', message: 'none' },
}

function callsOfOthers({ voice, clvp }) {
  const picture = { mel: floats([4, 3]), title: 'a', lines: ['b'] }
  const sound = new api.Sound(new Float32Array(9), 22050, { title: 'a' })
  return [
    call('new Tensor', (...args) => new api.Tensor(...args), { data: new Float32Array(6), dims: [2, 3] }),
    call('new Voice', (...args) => new api.Voice(...args), { embedding: new Float32Array(4), clips: 1 }),
    call(
      'a new voice, used',
      (embedding) => clvp.generate(TEXT, { voice: new api.Voice(embedding, 1), candidates: 1, maxTokens: 1 }),
      {
        embedding: voice.embedding,
      },
    ),
    call('Voice.mix', (...args) => api.Voice.mix(...args), { voices: [voice, voice], weights: [1, 2] }),
    call('Voice.fromJSON', (json) => api.Voice.fromJSON(json), { json: voice.toJSON() }),
    call('splitText', (...args) => api.splitText(...args), { text: 'One. Two.' }, [
      'mode',
      'desired',
      'max',
      'shortest',
      'fits',
    ]),
    call('auditClip', (...args) => api.auditClip(...args), { clip: tone() }, ['signal']),
    call('Voice.load', (path) => api.Voice.load(path), { path: 'none.json' }),
    call('Voice.save', (path) => voice.save(path), { path: 'voice.json' }),
    call('writeWav', (...args) => api.writeWav(...args), {
      path: 'a.wav',
      samples: new Float32Array(9),
      sampleRate: 22050,
    }),
    call('new Sound', (...args) => new api.Sound(...args), {
      samples: new Float32Array(9),
      sampleRate: 22050,
      metadata: { title: 'a' },
    }),
    call('Sound.save', (path, options) => sound.save(path, options), { path: 'a.flac' }, [
      ...['format', 'bitDepth', 'metadata', 'signal'],
    ]),
    call('Sound.toWav', (options) => sound.toWav(options), {}, ['bitDepth', 'metadata', 'signal']),
    call('Sound.toFlac', (options) => sound.toFlac(options), {}, ['bitDepth', 'metadata', 'signal']),
    call(
      'saveSound',
      (...args) => api.saveSound(...args),
      { path: 'b.wav', pieces: [sound.samples] },
      ['format', 'bitDepth', 'metadata', 'signal', 'sampleRate'],
      { sampleRate: 22050 },
    ),
    call(
      'encodeSound',
      (...args) => drained(api.encodeSound(...args)),
      { pieces: [sound.samples] },
      ['format', 'bitDepth', 'metadata', 'signal', 'sampleRate'],
      { sampleRate: 22050 },
    ),
    call('readSoundMetadata', (bytes) => api.readSoundMetadata(bytes), { sound: 'none.wav' }),
    call('soundMetadata', (origin) => api.soundMetadata(origin), {}, ['text', 'model', 'seed', 'candidate'], {
      text: TEXT,
      model: { name: 'a', id: 'b' },
    }),
    call('joinSounds', (...args) => api.joinSounds(...args), { sounds: [sound, sound] }, [
      ...['pauses', 'matchLevels'],
    ]),
    call('SoundJoiner.add', (...args) => new api.SoundJoiner({ sampleRate: 22050 }).add(...args), {
      part: sound.samples,
      pause: 0.1,
    }),
    call('toSrt', (...args) => api.toSrt(...args), { parts: [{ text: 'a', start: 0, end: 1 }] }, [
      'lineLength',
    ]),
    call('melPlot', (...args) => api.melPlot(...args), { rows: [picture] }, ['secondsPerFrame']),
    call('comparisonPlot', (found) => api.comparisonPlot(found), { comparison }),
    call('melPlot of a row', (row) => api.melPlot([row]), {}, ['mel', 'title', 'lines'], picture),
  ]
}

/** Every call with every place for a wrong argument. */
export function listCalls(context) {
  return [
    ...callsOfClvp(context),
    ...callsOfModels(context),
    ...callsOfTokenizer(context),
    ...callsOfFeatures(context),
    ...callsOfConfigs(context),
    ...callsOfFiles(context),
    ...callsOfOthers(context),
    ...callsOfSpeech(context),
  ]
}

/** The places of a call: its arguments, its options as a whole, and each of them. */
export function placesOf({ args, known }) {
  const whole = known ? [{ kind: 'options' }] : []
  return [
    ...Object.keys(args).map((name) => ({ kind: 'argument', name })),
    ...whole,
    ...(known ?? []).map((name) => ({ kind: 'option', name })),
  ]
}

/** Numbers at the edge of what a place takes, beside those that are odd everywhere. */
export function edgesOf({ name }) {
  const most = Object.hasOwn(MOST, name) ? MOST[name] : undefined
  return most === undefined ? [] : [[`one more than ${most}`, () => most + 1]]
}

function nameOf(value) {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** Good values for a place. */
export function othersFor({ name }) {
  const values = Object.hasOwn(OTHERS, name) ? OTHERS[name] : []
  return values.map((value) => [`the good ${nameOf(value)}`, () => value])
}
