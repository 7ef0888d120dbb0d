#!/usr/bin/env node
/**
 * Which matrices suffer most from few bits, and where bits more are worth it: the measurements that the mixes of quantize/type_choice.ts
 * come from. Each group of matrices is quantized alone, all else in F32.
 *
 *   node scripts/quantization/sensitivity.mjs FOLDER [--types q4_k,q6_k] [--voice CLIP] [--tokens N] [--threads N] [--mixes]
 *
 * FOLDER is a checkpoint. Prints, for each group and type: the divergence of the next code's distribution from F32's (KL, nats),
 * the cosine of logits, the error of scores (as cosines), and the divergence for each megabyte that it saves. Then the same for some
 * mixes; with --mixes only for those.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { convertFolder, inspectModel, quantizeFile } from '../../dist/lib/index.js'
import { glob } from '../../dist/quantize/glob.js'
import { answers, distance } from './effects.mjs'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    types: { type: 'string', default: 'q4_k' },
    voice: { type: 'string' },
    tokens: { type: 'string', default: '48' },
    threads: { type: 'string' },
    mixes: { type: 'boolean', default: false },
  },
})
const [folder] = positionals
if (folder === undefined) throw new Error('which checkpoint? See the comment at the top')

const groups = [
  'cond.*.attn_qkv.weight',
  'cond.*.attn_out.weight',
  'dec.*.attn_qkv.weight',
  'dec.*.attn_out.weight',
  'dec.*.ffn_up.weight',
  'dec.*.ffn_down.weight',
  'dec.lm_head.weight',
  ...['text', 'speech'].flatMap((tower) =>
    ['*.attn_qkv', '*.attn_out', '*.ffn_up', '*.ffn_down', 'proj'].map((part) => `${tower}.${part}.weight`),
  ),
]

/** The group's name, and the patterns that make it. */
const all = '*.{attn_qkv,attn_out,ffn_up,ffn_down,lm_head,proj}.weight'
const single = [...groups, all].map((group) => [
  group === all ? 'all matrices' : group,
  (type) => [[group, type]],
])

/** Ways to mix types, beside `all matrices` in one. */
const ends = ['{dec.lm_head,text.proj,speech.proj}.weight', 'q8_0']
const mixes = [
  ['ends q8_0', (type) => [[all, type], ends]],
  ['ends, attn_out q6_k', (type) => [[all, type], ['*.attn_out.weight', 'q6_k'], ends]],
  ['ends, dec attn q6_k', (type) => [[all, type], ['dec.*.attn_{qkv,out}.weight', 'q6_k'], ends]],
  ['ends, attn q6_k', (type) => [[all, type], ['*.attn_{qkv,out}.weight', 'q6_k'], ends]],
  ['ends, ffn_down q6_k', (type) => [[all, type], ['*.ffn_down.weight', 'q6_k'], ends]],
  ['ends, ffn_up q6_k', (type) => [[all, type], ['*.ffn_up.weight', 'q6_k'], ends]],
]
const work = mkdtempSync(join(tmpdir(), 'clvp-sensitivity-'))
try {
  const exact = join(work, 'f32.gguf')
  await convertFolder(folder, exact, { type: 'f32' })
  const { tensors } = await inspectModel(exact)
  const fits = ([pattern]) => tensors.some(({ name }) => glob(pattern)(name))
  const clip = options.voice
  const settings = {
    clip,
    maxTokens: Number(options.tokens),
    threads: options.threads && Number(options.threads),
  }
  const reference = await answers(exact, settings)
  console.log(
    'type     matrices                     saves MB      KL nats     cosine   score error    KL / MB saved',
  )
  for (const type of options.types.split(',')) {
    for (const [name, patterns] of [...(options.mixes ? [] : single), ...mixes]) {
      const tensorTypes = patterns(type).filter(fits)
      if (tensorTypes.length === 0) continue
      const file = join(work, 'x.gguf')
      await quantizeFile(exact, file, { type: 'f32', tensorTypes })
      const saved = (statSync(exact).size - statSync(file).size) / 1e6
      const found = distance(reference, await answers(file, { ...settings, reference }))
      console.log(
        [
          type.padEnd(8),
          name.slice(0, 27).padEnd(27),
          saved.toFixed(2).padStart(9),
          found.divergence.toExponential(2).padStart(12),
          found.cosine.toFixed(6).padStart(10),
          found.scoreError.toExponential(2).padStart(13),
          (found.divergence / saved).toExponential(2).padStart(16),
        ].join(' '),
      )
    }
  }
} finally {
  rmSync(work, { recursive: true })
}
