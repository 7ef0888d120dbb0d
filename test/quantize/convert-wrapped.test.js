// Weights as training programs save them: wrapped names, and a state dict beside counters and an optimizer.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { convertFolder } from '../../dist/lib/index.js'
import { dictOf, op, tensor, tupleOf } from '../helpers/pickle.js'
import { freshCheckpoint, packSafetensors, readSafetensors, tensorNames } from '../helpers/safetensors.js'
import { packTorch, tensorsOf } from '../helpers/torch.js'
import { pairOf, saveAsPair } from '../helpers/tortoise.js'

async function converted(folder) {
  const target = `${folder}.gguf`
  await convertFolder(folder, target, { type: 'f32' })
  return readFileSync(target)
}

const prefixed = (tensors, prefix) =>
  Object.fromEntries(Object.entries(tensors).map(([name, value]) => [prefix + name, value]))

/** What trainers keep beside the weights. */
const counters = [
  ['step', op.int(12)],
  ['epoch', op.int(3)],
  ['lr', op.float(1e-4)],
  ['name', op.text('emma')],
  ['best', op.none],
  ['done', op.false],
]

/** An optimizer's state, which has tensors of its own, a dictionary by number, and lists. */
function optimizer() {
  const moment = tensor({ storage: { count: 1 }, shape: [1] })
  const state = dictOf([
    [
      0,
      dictOf([
        ['step', op.int(12)],
        ['exp_avg', moment],
      ]),
    ],
  ])
  const list = Buffer.concat([op.list, op.mark, op.int(0), op.int(1), op.appends])
  const groups = Buffer.concat([
    op.list,
    dictOf([
      ['params', list],
      ['betas', tupleOf(op.float(0.9))],
    ]),
    op.append,
  ])
  return dictOf([
    ['state', state],
    ['param_groups', groups],
  ])
}

t.test('prefixes', async (t) => {
  const folder = freshCheckpoint(t)
  const expected = await converted(folder)
  const path = join(folder, 'model.safetensors')
  const { header: whole, data } = readSafetensors(path)
  const { __metadata__: _, ...header } = whole
  const tensors = tensorsOf(path)
  for (const prefix of ['module.', '_orig_mod.', 'module._orig_mod.', '_orig_mod.module.']) {
    writeFileSync(path, packSafetensors(prefixed(header, prefix), data))
    t.ok(expected.equals(await converted(folder)), `safetensors: ${prefix}`)
  }
  const inner = (name) => name.replace('speech_decoder_model.', 'speech_decoder_model._orig_mod.')
  const part = Object.fromEntries(tensorNames(header).map((name) => [inner(name), header[name]]))
  writeFileSync(path, packSafetensors(part, data))
  t.ok(expected.equals(await converted(folder)), 'a part of the model')
  writeFileSync(
    path,
    packSafetensors(
      {
        ...header,
        'module.logit_scale': { ...header.logit_scale, data_offsets: [data.length, data.length + 4] },
      },
      Buffer.concat([data, Buffer.alloc(4)]),
    ),
  )
  await t.rejects(converted(folder), { code: 'CLVP_MODEL_FORMAT', message: /logit_scale is there twice/ })
  rmSync(path)
  writeFileSync(join(folder, 'pytorch_model.bin'), packTorch(prefixed(tensors, 'module.')))
  t.ok(expected.equals(await converted(folder)), 'torch')
})

t.test('prefixes of the pair', async (t) => {
  const folder = freshCheckpoint(t)
  const expected = await converted(folder)
  const pair = pairOf(folder)
  saveAsPair(folder)
  writeFileSync(
    join(folder, 'autoregressive.pth'),
    packTorch(prefixed(pair.autoregressive, 'module._orig_mod.')),
  )
  writeFileSync(join(folder, 'clvp2.pth'), packTorch(prefixed(pair.clvp2, 'module.')))
  t.ok(expected.equals(await converted(folder)))
})

t.test('training checkpoints', async (t) => {
  const folder = freshCheckpoint(t)
  const expected = await converted(folder)
  const tensors = tensorsOf(join(folder, 'model.safetensors'))
  rmSync(join(folder, 'model.safetensors'))
  const rng = tensor({ storage: { count: 1 }, shape: [1] })
  const beside = [
    ...counters,
    ['optimizer', optimizer()],
    ['scheduler', dictOf([['last_epoch', op.int(3)]])],
    ['rng', rng],
  ]
  const write = (wrap) => writeFileSync(join(folder, 'pytorch_model.bin'), packTorch(tensors, { wrap }))
  for (const key of ['model', 'state_dict', 'model_state_dict', 'module']) {
    write((dict) => dictOf([...beside, [key, dict]]))
    t.ok(expected.equals(await converted(folder)), key)
  }
  write((dict) =>
    dictOf([
      ...beside,
      [
        'model',
        dictOf([
          ['step', op.int(1)],
          ['state_dict', dict],
        ]),
      ],
    ]),
  )
  t.ok(expected.equals(await converted(folder)), 'one in another')
  // A flat one: the counters follow the tensors in the state dict itself.
  const flat = counters.flatMap(([key, value]) => [op.text(key), value])
  write((dict) => Buffer.concat([dict, op.mark, ...flat, op.setItems]))
  t.ok(expected.equals(await converted(folder)), 'beside the tensors')
})

t.test('a checkpoint without weights', async (t) => {
  const folder = freshCheckpoint(t)
  rmSync(join(folder, 'model.safetensors'))
  const wrap = (dict) => dictOf([...counters, ['optimizer', optimizer()], ['gpt', dict]])
  writeFileSync(join(folder, 'pytorch_model.bin'), packTorch({}, { wrap }))
  await t.rejects(converted(folder), {
    code: 'CLVP_MODEL_FORMAT',
    message: /dictionary of tensors under state_dict, .* where it has "step".*torch\.save/,
  })
})
