#!/usr/bin/env node
/**
 * Trains the demo model and puts it into demo/demo.gguf, with a clip of its voice in demo/voice.wav: `npm run demo:train`. Some three hours on two cores; may
 * be stopped at any time and goes on where it was. Needs espeak-ng, and Python (a virtual environment is made in .cache/demo-venv).
 *
 *   --work DIR     where the steps leave their results (default .cache/demo-model); DIR/model is the checkpoint
 *   --out DIR      where demo.gguf and voice.wav go (default demo)
 *   --python FILE  a Python that has the packages of requirements.txt
 *   --convert      only makes demo.gguf of the checkpoint that is there
 */
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { convertFolder } from '../../dist/lib/index.js'
import { findPython, here, root, run } from './python.mjs'

const { values: options } = parseArgs({
  options: {
    work: { type: 'string', default: join(root, '.cache/demo-model') },
    out: { type: 'string', default: join(root, 'demo') },
    python: { type: 'string' },
    convert: { type: 'boolean', default: false },
  },
})

if (!options.convert) run(options.python ?? findPython(), [join(here, 'train.py'), '--work', options.work])
// 16 MB are the limit, and the embeddings of 4,000 tokens alone would take 8 in F32. An embedding of the ranker is a sum over all tokens, most of which add
// almost nothing because large values cancel: its projection stays F32. HiFi-GAN and the vocoder lose most with few bits.
const { path, bytes } = await convertFolder(join(options.work, 'model'), join(options.out, 'demo.gguf'), {
  type: 'q6_k',
  tensorTypes: [
    ['{text,speech}.blk.*.ffn_down.weight', 'q8_0'],
    ['{text,speech}.proj.weight', 'f32'],
    ['{cond.text,text.token}_embd.weight', 'q4_k'],
    ['{dec,speech}.token_embd.weight', 'q8_0'],
    ['{hifigan,vocoder}.*.weight', 'q8_0'],
    ['diff.*.{attn_qkv,attn_out,emb,in,out}.weight', 'q5_0'],
    ['random.*.weight', 'q4_0'],
  ],
  vocoder: 'vocoder',
  positions: 'trained', // as model.py trains it
})
copyFileSync(join(options.work, 'voice.wav'), join(options.out, 'voice.wav'))
console.log(`${path}: ${(bytes / 1e6).toFixed(1)} MB`)
