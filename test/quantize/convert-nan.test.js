// A weight that is no number is refused by its tensor's name: a model with one would only ever say nonsense.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { convertFolder } from '../../dist/lib/index.js'
import {
  freshCheckpoint,
  packSafetensors,
  readSafetensors,
  setWeight,
  tensorNames,
} from '../helpers/safetensors.js'

const refused = (message) => ({ name: 'ClvpError', code: 'CLVP_MODEL_FORMAT', message })

/** A tensor of each kind, and its name in a model file. */
const tensors = {
  logit_scale: /logit_scale/,
  'conditioning_encoder.mel_conv.bias': /cond\.mel_conv\.bias/,
  'speech_decoder_model.model.decoder.layers.1.attn.k_proj.weight': /dec\.blk\.1\.attn_qkv\.weight/,
  'speech_decoder_model.model.decoder.layers.0.mlp.c_fc.weight': /dec\.blk\.0\.ffn_up\.weight/,
  'speech_decoder_model.model.decoder.position_embeds_layer.weight': /dec\.pos_embd\.weight/,
  'text_encoder_model.token_embedding.weight': /text\.token_embd\.weight/,
  'speech_encoder_model.projection.weight': /speech\.proj\.weight/,
}

t.test('F32', async (t) => {
  const folder = freshCheckpoint(t)
  const weights = join(folder, 'model.safetensors')
  const sound = readFileSync(weights)
  for (const [name, inFile] of Object.entries(tensors)) {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (const type of ['f32', 'f16', 'q8_0']) {
        setWeight(folder, name, 0, value)
        await t.rejects(
          convertFolder(folder, `${folder}.gguf`, { type }),
          refused(inFile),
          `${name} ${value} ${type}`,
        )
        writeFileSync(weights, sound)
      }
    }
  }
  t.same(readdirSync(join(folder, '..')), ['model'], 'nothing is written')
})

t.test('F16 and BF16', async (t) => {
  const name = 'speech_encoder_model.projection.weight'
  for (const [dtype, patterns] of [
    ['F16', [0x7c00, 0xfc00, 0x7e00, 0x7c01, 0xffff]],
    ['BF16', [0x7f80, 0xff80, 0x7fc0, 0x7f81, 0xffff]],
  ]) {
    const folder = freshCheckpoint(t)
    const weights = join(folder, 'model.safetensors')
    const { header, data } = readSafetensors(weights)
    for (const tensor of tensorNames(header)) {
      header[tensor].dtype = dtype
      header[tensor].data_offsets = header[tensor].data_offsets.map((at) => at / 2)
    }
    for (const pattern of patterns) {
      const halves = Buffer.alloc(data.length / 2)
      halves.writeUInt16LE(pattern, header[name].data_offsets[1] - 2)
      writeFileSync(weights, packSafetensors(header, halves))
      const call = convertFolder(folder, `${folder}.gguf`, { type: 'f16' })
      await t.rejects(call, refused(/speech\.proj\.weight/), `${dtype} ${pattern.toString(16)}`)
    }
  }
})

t.test('a number that f16 cannot hold', async (t) => {
  const folder = freshCheckpoint(t)
  setWeight(folder, 'speech_encoder_model.projection.weight', 3, 1e6)
  await t.rejects(convertFolder(folder, `${folder}.gguf`, { type: 'f16' }), refused(/speech\.proj\.weight/))
  t.ok(await convertFolder(folder, `${folder}.gguf`, { type: 'f32' }), 'f32 holds it')
})
