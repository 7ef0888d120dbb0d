// Every value of a configuration is checked, by name; a configuration never changes.
import t from 'tap'
import { ClvpConfig, ClvpDecoderConfig, ClvpEncoderConfig } from '../../dist/lib/index.js'

const classes = { ClvpConfig, ClvpDecoderConfig, ClvpEncoderConfig }
const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** What no field of a default's type can be. */
const wrongFor = {
  number: ['1', true, NaN, Infinity, {}, ['1']],
  boolean: [0, 1, 'true', null],
  string: ['', 1, null, ['gelu']],
  object: ['x', {}, () => 1],
}

for (const [name, Class] of Object.entries(classes)) {
  t.test(`${name} refuses values of a wrong type`, async (t) => {
    for (const [field, value] of Object.entries(new Class())) {
      if (field.endsWith('Config')) continue
      const type =
        field.startsWith('problem') || field === 'dtype' || field === 'summaryActivation'
          ? 'list'
          : typeof value
      for (const wrong of wrongFor[type] ?? [1, {}, true]) {
        const shown = { code: 'CLVP_INVALID_ARGUMENT', message: new RegExp(`for ${field}`) }
        t.throws(() => new Class({ [field]: wrong }), shown, `${field}: ${String(wrong)}`)
        t.throws(() => Class.fromDict({ [snake(field)]: wrong }), { code: 'CLVP_INVALID_ARGUMENT' })
      }
    }
  })

  t.test(`${name} cannot be changed`, async (t) => {
    const config = new Class()
    for (const field of Object.keys(config)) t.throws(() => (config[field] = 1), TypeError, field)
    t.throws(() => (config.more = 1), TypeError)
  })

  t.test(`${name} refuses unknown options and keeps unknown keys`, async (t) => {
    t.throws(() => new Class({ hiddenSise: 1 }), { message: /'hiddenSise'/ })
    t.throws(() => new Class({ hidden_size: 64 }), { code: 'CLVP_INVALID_ARGUMENT' })
    t.throws(() => new Class(null), { code: 'CLVP_INVALID_ARGUMENT' })
    t.throws(() => Class.fromDict({ initializerFactor: 1 }), { message: /write 'initializer_factor'/ })
    for (const wrong of [undefined, null, 5, 'x', []]) {
      t.throws(() => Class.fromDict(wrong), { code: 'CLVP_INVALID_ARGUMENT' })
    }
    const extra = JSON.parse('{"my_key": {"a": [1, null, "x"]}, "__proto__": {"b": 1}, "constructor": 5}')
    const written = JSON.parse(JSON.stringify(Class.fromDict(extra)))
    for (const key of Object.keys(extra)) t.strictSame(written[key], extra[key], key)
    t.throws(() => Class.fromDict({ deep: nested(1000) }), { message: /levels/ })
    t.throws(() => Class.fromDict({ call: () => 1 }), { message: /JSON/ })
  })

  t.test(`${name} refuses another model's dictionary`, async (t) => {
    t.throws(() => Class.fromDict({ model_type: 'gpt2' }), { message: /model_type '\w+'.*"gpt2"/ })
    t.equal(Class.fromDict({ model_type: Class.modelType }).modelType, Class.modelType)
  })
}

function nested(depth) {
  return depth === 0 ? 1 : { in: nested(depth - 1) }
}

t.test('ranges', async (t) => {
  const wrong = [
    ...['vocabSize', 'hiddenSize', 'numAttentionHeads'].flatMap((name) => [
      [name, 0],
      [name, 1.5],
      [name, 2 ** 31],
    ]),
    ...[
      ['numHiddenLayers', -1],
      ['attentionDropout', 1.1],
      ['attentionDropout', -0.1],
      ['summaryType', 'sum'],
    ],
    ...[
      ['bosTokenId', -2],
      ['eosTokenId', []],
      ['eosTokenId', [1, -1]],
    ],
  ]
  for (const [name, value] of wrong) {
    for (const Class of [ClvpEncoderConfig, ClvpDecoderConfig]) {
      t.throws(() => new Class({ [name]: value }), { code: 'CLVP_INVALID_ARGUMENT' }, `${name}: ${value}`)
    }
  }
  t.throws(() => new ClvpEncoderConfig({ layerNormEps: -1 }), { code: 'CLVP_INVALID_ARGUMENT' })
  t.throws(() => new ClvpDecoderConfig({ decoderFixingCodes: [] }), { code: 'CLVP_INVALID_ARGUMENT' })
  t.equal(new ClvpEncoderConfig({ numHiddenLayers: 0 }).numHiddenLayers, 0)
  t.equal(new ClvpEncoderConfig({ padTokenId: -1 }).padTokenId, -1, 'as published files have it')
})

t.test('heads divide the width', async (t) => {
  t.throws(() => new ClvpEncoderConfig({ numAttentionHeads: 7 }), {
    message: /divisor of the width, 768,.*7/,
  })
  t.throws(() => new ClvpDecoderConfig({ hiddenSize: 1000 }), { message: /divisor of the width, 1000,/ })
  t.throws(() => ClvpConfig.fromDict({ text_config: { hidden_size: 5 } }), {
    message: /^text_config: .*divisor/,
  })
})
