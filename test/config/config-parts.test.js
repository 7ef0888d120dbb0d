// The parts of a ClvpConfig: configurations, options, dictionaries or nothing.
import t from 'tap'
import { ClvpConfig, ClvpDecoderConfig, ClvpEncoderConfig } from '../../dist/lib/index.js'

t.test('configurations, options, dictionaries and null are parts', async (t) => {
  const text = new ClvpEncoderConfig({ vocabSize: 50 })
  t.equal(new ClvpConfig({ textConfig: text }).textConfig, text)
  t.equal(new ClvpConfig({ textConfig: { vocabSize: 50 } }).textConfig.vocabSize, 50)
  t.equal(new ClvpConfig({ textConfig: { vocab_size: 50 } }).textConfig.vocabSize, 50)
  t.equal(ClvpConfig.fromDict({ text_config: { vocab_size: 50 } }).textConfig.vocabSize, 50)
  t.equal(ClvpConfig.fromDict({ text_config: text }).textConfig, text)
  for (const config of [
    new ClvpConfig({ textConfig: null, decoderConfig: null }),
    ClvpConfig.fromDict({ text_config: null }),
  ]) {
    t.strictSame(config.toDict(), new ClvpConfig().toDict())
  }
})

t.test('fromSubModelConfigs', async (t) => {
  const parts = [new ClvpEncoderConfig(), new ClvpEncoderConfig({ vocabSize: 8192 }), new ClvpDecoderConfig()]
  const config = ClvpConfig.fromSubModelConfigs(...parts, { projectionDim: 32 })
  t.strictSame([config.textConfig, config.speechConfig, config.decoderConfig], parts)
  t.equal(config.projectionDim, 32)
  t.equal(ClvpConfig.fromSubModelConfigs(...parts).projectionDim, 768)
  t.throws(() => ClvpConfig.fromSubModelConfigs(parts[0]), { message: /configuration for speechConfig/ })
  t.throws(() => ClvpConfig.fromSubModelConfigs(...parts, { more: 1 }), { message: /'more'/ })
})

t.test('refuses other parts', async (t) => {
  for (const wrong of [5, 'x', [], new ClvpDecoderConfig(), new ClvpConfig()]) {
    t.throws(() => new ClvpConfig({ textConfig: wrong }), { message: /ClvpEncoderConfig.* for textConfig/ })
  }
  t.throws(() => new ClvpConfig({ decoderConfig: { layers: 1 } }), { message: /^decoderConfig: .*'layers'/ })
})

t.test('a changed copy', async (t) => {
  const config = ClvpConfig.fromDict({ text_config: { vocab_size: 50 } })
  const copy = new ClvpConfig({ ...config, projectionDim: 12 })
  t.equal(copy.projectionDim, 12)
  t.equal(copy.textConfig, config.textConfig)
})
