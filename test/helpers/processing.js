// Ours beside what scripts/parity/processing_reference.py answers: one comparison after another, for the tests and for
// scripts/parity/processing.mjs. `api` is dist/lib/index.js.

/** Samples by the formula of scripts/parity/mel_reference.py. */
export function makeSamples({ seed, samples, noise, tones }, rate) {
  return Float32Array.from({ length: samples }, (_, i) => {
    let x = (i + Math.imul(seed, 0x9e3779b9)) >>> 0
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d)
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b)
    const sum = noise * (((x ^ (x >>> 16)) >>> 0) / 2 ** 31 - 1)
    return tones.reduce(
      (all, [amplitude, hertz]) => all + amplitude * Math.sin((2 * Math.PI * hertz * i) / rate),
      sum,
    )
  })
}

const camelCase = (name) => name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase())

/** Options in our spelling. */
export function ours(options) {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [camelCase(name), value]))
}

/** A tensor of two axes as arrays. */
export function rows({ data, dims }) {
  return Array.from({ length: dims[0] }, (_, row) =>
    Array.from(data.slice(row * dims[1], (row + 1) * dims[1])),
  )
}

async function answer(ask) {
  try {
    return await ask()
  } catch (error) {
    return { error: error.code }
  }
}

/** An error of the reference is one of ours. */
const wrong = { error: 'CLVP_INVALID_ARGUMENT' }

// --- configurations ------------------------------------------------------------------------------------------------

export function* compareConfigs({ configs }, api) {
  for (const { class: name, given, to_dict, json } of configs) {
    const config = api[name].fromDict(given)
    const ask = (method, expected, actual) => ({
      method: `${name}.${method}`,
      asked: given,
      expected,
      actual,
    })
    yield ask('toDict', to_dict, config.toDict())
    yield ask('toJSON', JSON.parse(json), JSON.parse(JSON.stringify(config)))
    yield ask('fromDict(toDict)', to_dict, api[name].fromDict(to_dict).toDict())
  }
}

// --- tokenizer -----------------------------------------------------------------------------------------------------

/** How transformers splits unless told otherwise; ours takes look-alikes of special tokens for text. */
const asReference = { splitSpecialTokens: false }
const left = { paddingSide: 'left', truncationSide: 'left' }
const fields = {
  inputIds: 'input_ids',
  attentionMask: 'attention_mask',
  specialTokensMask: 'special_tokens_mask',
}

/** What the reference found as arrays of rows; wrong where rows differ in length, as no tensor holds them. */
function expectedRows(found) {
  if (found.error) return wrong
  const entries = Object.entries(found).map(([key, value]) => [
    key,
    Array.isArray(value[0]) ? value : [value],
  ])
  const ragged = entries.some(([, list]) => list.some((row) => row.length !== list[0].length))
  return ragged ? wrong : Object.fromEntries(entries.sort())
}

function actualRows(found) {
  if (found.error) return found
  const entries = Object.entries(found).map(([key, tensor]) => [fields[key], rows(tensor)])
  return Object.fromEntries(entries.sort())
}

export async function* compareTokenizer({ calls, pads, conversions }, api, { vocab, merges }) {
  const tokenizers = {
    '': new api.ClvpTokenizer({ vocab, merges }),
    left: new api.ClvpTokenizer({ vocab, merges, ...left }),
  }
  for (const { texts, options, sides, found } of calls) {
    const actual = await answer(() => tokenizers[sides](texts, { ...asReference, ...ours(options) }))
    const method = `tokenizer(text${Array.isArray(texts) ? 's' : ''})`
    yield {
      method,
      asked: { texts, options, sides },
      expected: expectedRows(found),
      actual: actualRows(actual),
    }
  }
  for (const { given, options, found } of pads) {
    const actual = await answer(() => tokenizers[''].pad(ours(given), ours(options)))
    yield {
      method: 'tokenizer.pad',
      asked: { given, options },
      expected: expectedRows(found),
      actual: actualRows(actual),
    }
  }
  for (const { method, args, found } of conversions) {
    const actual = tokenizers[''][camelCase(method)](...args.map((value) => value ?? undefined))
    const plain = ArrayBuffer.isView(actual) ? Array.from(actual) : actual
    yield { method: `tokenizer.${camelCase(method)}`, asked: args, expected: found, actual: plain }
  }
}

// --- feature extractor and processor -------------------------------------------------------------------------------

/** [clips, channels, frames] as the reference's answer has it: frames of channels, all or some of the last clip's. */
function framesLike(expected, { data, dims: [clips, channels, frames] }) {
  const frame = (clip, at) =>
    Array.from({ length: channels }, (_, channel) => data[(clip * channels + channel) * frames + at])
  const isSample = expected.length > 0 && typeof expected[0][0] === 'number'
  if (isSample) return expected.flatMap(([at]) => frame(clips - 1, at))
  return Array.from({ length: clips }, (_, clip) =>
    Array.from({ length: frames }, (_, at) => frame(clip, at)),
  ).flat(2)
}

const flatFrames = (expected) =>
  typeof expected[0][0] === 'number' ? expected.flatMap(([, values]) => values) : expected.flat(2)

/** For each row the number of ones, where the first is, and the length. */
function maskFacts(tensor) {
  return rows(tensor).map((row) => [row.filter(Boolean).length, Math.max(0, row.indexOf(1)), row.length])
}

function* compareFeatures(method, asked, found, actual) {
  if (found.error || actual.error) {
    yield {
      method,
      asked,
      expected: found.error ? wrong : 'features',
      actual: actual.error ? actual : 'features',
    }
    return
  }
  const facts = { shape: found.shape, mask: found.mask ?? null }
  const mask = found.mask && actual.attentionMask ? maskFacts(actual.attentionMask) : null
  yield {
    method: `${method}: shape, mask`,
    asked,
    expected: facts,
    actual: { shape: [...actual.inputFeatures.dims], mask },
  }
  const floats = {
    expected: flatFrames(found.features),
    actual: framesLike(found.features, actual.inputFeatures),
  }
  yield { method: `${method}: features`, asked, floats }
}

export async function* compareExtractor({ extractors, clips, features, wrongRate }, api) {
  const made = Object.fromEntries(
    Object.entries(extractors).map(([name, config]) => [name, api.ClvpFeatureExtractor.fromDict(config)]),
  )
  for (const { extractor: name, clips: batch, options, found } of features) {
    const extractor = made[name]
    const samples = batch.map((clip) => makeSamples(clips[clip], extractor.samplingRate))
    const { samplingRate } = extractor
    const actual = await answer(() => extractor(samples, { samplingRate, ...ours(options) }))
    yield* compareFeatures('extractor', { extractor: name, batch, options }, found, actual)
  }
  const actual = await answer(() =>
    made.small(new Float32Array(9), { samplingRate: made.small.samplingRate + 1 }),
  )
  yield { method: 'extractor: wrong rate', asked: {}, expected: wrongRate.error ? wrong : {}, actual }
}

export async function* compareProcessor({ extractors, clips, processing }, api, { vocab, merges }) {
  const extractor = api.ClvpFeatureExtractor.fromDict(extractors.small)
  const processor = new api.ClvpProcessor(extractor, new api.ClvpTokenizer({ vocab, merges }))
  const { samplingRate } = extractor
  for (const { text, clips: batch, options, found } of processing) {
    const audio = batch?.map((clip) => makeSamples(clips[clip], samplingRate))
    const asked = { text, batch, options }
    const actual = await answer(() =>
      processor({ text, audio, samplingRate, ...asReference, ...ours(options) }),
    )
    if (found.error || actual.error) {
      yield { method: 'processor', asked, expected: found.error ? wrong : found, actual }
      continue
    }
    const { inputFeatures, ...tensors } = actual
    if (text !== null) {
      const { shape, features, ...expected } = found
      yield { method: 'processor: ids', asked, expected: expectedRows(expected), actual: actualRows(tensors) }
    }
    if (batch) yield* compareFeatures('processor', asked, found, actual)
  }
}

/** The largest gap of two lists, relative to the largest expected number. */
export function relativeError({ expected, actual }) {
  if (expected.length !== actual.length) return Infinity
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const gap = expected.reduce((most, value, at) => {
    const here = Math.abs(value - actual[at])
    return here > most || Number.isNaN(here) ? here : most
  }, 0)
  return gap / (scale || 1)
}
