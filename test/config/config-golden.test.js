// Configurations are those of transformers: defaults, dictionaries and what config.json holds.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ClvpConfig, ClvpDecoderConfig, ClvpEncoderConfig } from '../../dist/lib/index.js'
import { readGolden } from '../helpers/golden.js'
import { compareConfigs } from '../helpers/processing.js'

const golden = readGolden('processing')
const classes = { ClvpConfig, ClvpDecoderConfig, ClvpEncoderConfig }

t.test('dictionaries', async (t) => {
  for (const { method, asked, expected, actual } of compareConfigs(golden, classes)) {
    t.strictSame(actual, expected, `${method} of ${JSON.stringify(asked)}`)
  }
})

t.test('files are byte for byte those of transformers', async (t) => {
  for (const { class: name, given, json } of golden.configs) {
    const folder = join(t.testdir(), 'new', 'folder')
    await classes[name].fromDict(given).savePretrained(folder)
    t.equal(readFileSync(join(folder, 'config.json'), 'utf8'), json, `${name} of ${JSON.stringify(given)}`)
  }
})

t.test('options are the same in camelCase', async (t) => {
  const options = {
    numHiddenLayers: 3,
    nInner: 100,
    decoderFixingCodes: [1, 2],
    useCache: false,
    dtype: 'float16',
  }
  const config = new ClvpDecoderConfig(options)
  for (const [name, value] of Object.entries(options)) t.same(config[name], value, name)
  t.strictSame(
    config.toJSON(),
    ClvpDecoderConfig.fromDict({
      num_hidden_layers: 3,
      n_inner: 100,
      decoder_fixing_codes: [1, 2],
      use_cache: false,
      dtype: 'float16',
    }).toJSON(),
  )
})
