// Types for some matrices: which patterns fit what, which counts, and what is refused.
import { join } from 'node:path'
import t from 'tap'
import { Clvp, convertFolder, inspectModel, quantizeFile } from '../../dist/lib/index.js'
import { glob } from '../../dist/quantize/glob.js'
import { broadCheckpoint } from '../helpers/broad.js'
import { freshCheckpoint } from '../helpers/safetensors.js'

const invalid = { name: 'ClvpError', code: 'CLVP_INVALID_ARGUMENT' }

t.test('patterns', async (t) => {
  const names = [
    'dec.blk.0.ffn_up.weight',
    'dec.blk.0.ffn_up.bias',
    'dec.blk.10.attn_out.weight',
    'dec.lm_head.weight',
  ]
  for (const [pattern, ...fits] of [
    ['*', 0, 1, 2, 3],
    ['**', 0, 1, 2, 3],
    ['dec.blk.0.ffn_up.weight', 0],
    ['dec.blk.0.ffn_up', ''],
    ['ffn_up.weight', ''],
    ['*.weight', 0, 2, 3],
    ['*weigh', ''],
    ['dec.blk.?.*', 0, 1],
    ['dec.blk.??.*', 2],
    ['dec.*.{ffn_up,attn_out}.weight', 0, 2],
    ['{dec.blk,dec}.{0.ffn_up,lm_head}.{bias,weight}', 0, 1, 3],
    ['dec.{}lm_head.weight', 3],
    ['*a*d*', 3],
    ['*.*.*.*.*', 0, 1, 2],
    ['dec.blk.0.ffn_up.weight*', 0],
    ['DEC.*', ''],
    ['dec.blk.[0].*', ''],
    ['dec.lm_head+weight', ''],
  ]) {
    const found = names.filter(glob(pattern)).map((name) => names.indexOf(name))
    t.same(found, fits[0] === '' ? [] : fits, pattern)
  }
  for (const pattern of ['', 'a{b', 'a}b', '{a,{b,c}}', 'x'.repeat(257), '{a,b}'.repeat(9)]) {
    t.throws(() => glob(pattern), invalid, pattern.slice(0, 20))
  }
  const started = performance.now()
  t.notOk(glob('*a'.repeat(128))(`${'a'.repeat(63)}b`))
  t.ok(performance.now() - started < 100, 'no pattern takes long')
})

t.test('the last pattern that fits counts', async (t) => {
  const folder = broadCheckpoint(t)
  const [source, target] = ['f32', 'x'].map((name) => join(folder, '..', `${name}.gguf`))
  const tensorTypes = [
    ['*.{attn_qkv,attn_out,ffn_up,ffn_down}.weight', 'q6_k'],
    ['dec.*.ffn_down.weight', 'q8_0'],
    ['dec.lm_head.weight', 'f16'],
    ['dec.lm_head.*', 'f32'],
  ]
  await convertFolder(folder, target, { type: 'q4_k', tensorTypes })
  const { tensors, values } = await inspectModel(target)
  const type = Object.fromEntries(tensors.map((each) => [each.name, each.type]))
  t.equal(type['dec.blk.0.ffn_down.weight'], 'q8_0')
  t.equal(type['dec.blk.0.ffn_up.weight'], 'q6_k')
  t.equal(type['text.blk.0.ffn_down.weight'], 'q6_k')
  t.equal(type['dec.lm_head.weight'], 'f32')
  t.equal(type['text.proj.weight'], 'q4_k', 'others have the type asked for')
  t.equal(values['clvp.type'], 'q4_k')
  t.same(
    values['clvp.tensor_types'],
    tensorTypes.map((pair) => pair.join('=')),
  )

  await convertFolder(folder, source, { type: 'f32' })
  await quantizeFile(source, target, { type: 'q4_k', tensorTypes })
  t.same((await inspectModel(target)).tensors, tensors, 'and when a model file is written anew')
  const clvp = await Clvp.load(target, { threads: 1 })
  t.ok((await clvp.embedText('Hello.')).every(Number.isFinite))
  await clvp.dispose()
  await quantizeFile(target, source, { type: 'f32' })
  t.notOk('clvp.tensor_types' in (await inspectModel(source)).values, 'they do not outlive the types')
})

t.test('the mixes', async (t) => {
  const folder = broadCheckpoint(t)
  const target = join(folder, '..', 'x.gguf')
  for (const [type, base] of [
    ['q4_k_m', 'q4_k'],
    ['q5_k_m', 'q5_k'],
  ]) {
    const tensorTypes = [['text.*.ffn_down.weight', 'f16']]
    const { fallbacks } = await convertFolder(folder, target, { type, tensorTypes })
    t.same(fallbacks, [], 'all rows fit')
    const { tensors, values } = await inspectModel(target)
    t.equal(values['clvp.type'], type)
    const groups = { q8_0: [], q6_k: [], [base]: [], f16: [] }
    const matrices = tensors.filter(({ name, type }) => type !== 'f32' && !name.includes('.blk.1.'))
    for (const { name, type } of matrices) groups[type].push(name.replace('.blk.0', ''))
    t.same(groups, {
      q8_0: ['dec.lm_head.weight', 'text.proj.weight', 'speech.proj.weight'],
      q6_k: ['dec.attn_qkv.weight', 'dec.attn_out.weight', 'text.attn_out.weight', 'speech.attn_out.weight'],
      [base]: [
        ...['cond.attn_qkv.weight', 'cond.attn_out.weight'],
        ...['dec.ffn_up.weight', 'dec.ffn_down.weight', 'text.attn_qkv.weight', 'text.ffn_up.weight'],
        ...['speech.attn_qkv.weight', 'speech.ffn_up.weight', 'speech.ffn_down.weight'],
      ],
      f16: ['text.ffn_down.weight'],
    })
  }
})

t.test('rows that a type cannot hold', async (t) => {
  const folder = freshCheckpoint(t) // of widths 48 and 72, and feed-forward widths 192, 100 and 96
  const target = join(folder, '..', 'x.gguf')
  const tensorTypes = [
    ['dec.blk.0.ffn_down.weight', 'q6_k'],
    ['speech.blk.1.ffn_down.weight', 'q4_k'],
    ['text.blk.0.attn_out.weight', 'q8_0'],
  ]
  const { fallbacks } = await convertFolder(folder, target, { tensorTypes })
  t.same(fallbacks, [
    'dec.blk.0.ffn_down.weight: q8_0',
    'text.blk.0.attn_out.weight: f16',
    'speech.blk.1.ffn_down.weight: q4_0',
  ])
})

t.test('refused', async (t) => {
  const folder = broadCheckpoint(t, { codebook: 298 })
  const target = join(folder, '..', 'x.gguf')
  for (const [tensorTypes, message] of [
    [[['dec.blk.7.*', 'q8_0']], /matches a tensor name/],
    [[['dec.norm.weight', 'q8_0']], /dec\.norm\.weight, which must be f32/],
    [[['*', 'q8_0']], /must be f32/],
    [[['dec.pos_embd.weight', 'f16']], /must be f32/],
    [[['codebook.weight', 'q8_0']], /f32 or f16/],
    [[['*.ffn_up.weight', 'q4_k_m']], /tensorTypes\[0\]\[1\]/],
    [[['*.ffn_up.weight']], /pair/],
    [[[1, 'q8_0']], /string/],
    [['*.ffn_up.weight=q8_0'], /pair/],
    [{ '*': 'q8_0' }, /array/],
    [[['a{', 'q8_0']], /unmatched/],
  ]) {
    await t.rejects(
      convertFolder(folder, target, { tensorTypes }),
      { ...invalid, message },
      JSON.stringify(tensorTypes),
    )
  }
  await convertFolder(folder, target, {
    type: 'q8_0',
    tensorTypes: [
      ['codebook.*', 'f32'],
      ['dec.norm.*', 'f32'],
    ],
  })
  const { tensors } = await inspectModel(target)
  t.equal(tensors.find(({ name }) => name === 'codebook.weight').type, 'f32', 'what is allowed')
})
