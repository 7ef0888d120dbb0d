// Calling a tokenizer: padding, truncation, masks and conversions as transformers has them, and what is refused.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import * as api from '../../dist/lib/index.js'
import { readGolden } from '../helpers/golden.js'
import { compareTokenizer, rows } from '../helpers/processing.js'

const { ClvpTokenizer, Tensor } = api
const { vocab, merges } = readGolden('tokenizer')
const tokenizer = new ClvpTokenizer({ vocab, merges })
const wrong = { code: 'CLVP_INVALID_ARGUMENT' }

t.test('as transformers answers', async (t) => {
  for await (const { method, asked, expected, actual } of compareTokenizer(readGolden('processing'), api, {
    vocab,
    merges,
  })) {
    t.strictSame(actual, expected, `${method} of ${JSON.stringify(asked)}`)
  }
})

t.test('an instance is a function', async (t) => {
  t.equal(typeof tokenizer, 'function')
  t.ok(tokenizer instanceof ClvpTokenizer)
  t.strictSame(tokenizer('Hello'), tokenizer.call('Hello'))
  t.strictSame(
    ['a', 'b'].map((text) => tokenizer(text).inputIds.dims),
    [
      [1, 1],
      [1, 1],
    ],
  )
  t.ok(tokenizer('a').inputIds instanceof Tensor)
})

t.test('text that looks like a special token is text, unless asked for', async (t) => {
  const ids = (options) => Array.from(tokenizer('a[STOP]b', options).inputIds.data)
  t.notOk(ids().includes(0))
  t.strictSame(ids({ splitSpecialTokens: false }), [3, 0, 4])
  t.strictSame(tokenizer.tokenize('[STOP]a', { splitSpecialTokens: false }), ['[STOP]', 'a'])
  t.strictSame(Array.from(tokenizer.encode('[STOP]a', { splitSpecialTokens: false })), [0, 3])
  const odd = new ClvpTokenizer({ vocab, merges, padToken: '(.*)', bosToken: '(.*)+' })
  t.strictSame(odd.tokenize('x(.*)+(.*)y', { splitSpecialTokens: false }), ['x', '(.*)+', '(.*)', 'y'])
})

t.test('a row that nothing makes as long as the others is an error that says what to do', async (t) => {
  t.throws(() => tokenizer(['a', 'a b c']), { ...wrong, message: /padding: true/ })
  const short = { padding: 'max_length', maxLength: 2 }
  t.throws(() => tokenizer(['a', 'a b c'], short), { ...wrong, message: /truncation: true/ })
  t.strictSame(tokenizer(['a', 'a b c'], { ...short, truncation: true }).inputIds.dims, [2, 2])
  t.strictSame(tokenizer('a b c', short).inputIds.dims, [1, 5], 'one text is never ragged')
})

t.test('sides, of a call and of the tokenizer', async (t) => {
  const options = { padding: 'max_length', truncation: true, maxLength: 2 }
  const of = (which, more) => rows(which(['a', 'a b'], { ...options, ...more }).inputIds)
  const left = new ClvpTokenizer({ vocab, merges, paddingSide: 'left', truncationSide: 'left' })
  t.strictSame(of(tokenizer), [
    [3, 0],
    [3, 2],
  ])
  t.strictSame(of(left), [
    [0, 3],
    [2, 4],
  ])
  t.strictSame(of(tokenizer, { paddingSide: 'left', truncationSide: 'left' }), of(left))
  t.strictSame(of(left, { paddingSide: 'right', truncationSide: 'right' }), of(tokenizer))
})

t.test('modelMaxLength stands for a length that is not given', async (t) => {
  const short = new ClvpTokenizer({ vocab, merges, modelMaxLength: 3 })
  t.strictSame(short('a b c', { truncation: true }).inputIds.dims, [1, 3])
  t.strictSame(short('a', { padding: 'max_length' }).inputIds.dims, [1, 3])
  t.strictSame(short('a b c').inputIds.dims, [1, 5])
})

t.test('pads encodings of calls', async (t) => {
  const some = [tokenizer('a'), tokenizer('a b', { returnSpecialTokensMask: true })]
  t.throws(() => tokenizer.pad(some), { message: /all rows or none/ })
  const padded = tokenizer.pad([tokenizer('a'), tokenizer('a b')])
  t.strictSame(rows(padded.inputIds), [
    [3, 0, 0],
    [3, 2, 4],
  ])
  t.strictSame(rows(padded.attentionMask), [
    [1, 0, 0],
    [1, 1, 1],
  ])
  t.strictSame(rows(tokenizer.pad({ inputIds: Int32Array.of(1) }, { padToMultipleOf: 2 }).inputIds), [[1, 0]])
})

t.test('decodes a tensor', async (t) => {
  const { inputIds } = tokenizer(['one two', 'three'], { padding: true })
  const options = { skipSpecialTokens: true, cleanUpTokenizationSpaces: true }
  t.strictSame(tokenizer.batchDecode(inputIds, options), ['one two', 'three'])
  const clean = new ClvpTokenizer({ vocab, merges, cleanUpTokenizationSpaces: true })
  t.equal(clean.decode(clean.encode('one two')), 'one two')
  t.equal(clean.decode(clean.encode('one two'), { cleanUpTokenizationSpaces: false }), 'one[SPACE]two')
})

t.test('saves a folder that it reads again', async (t) => {
  const folder = join(t.testdir(), 'new')
  const settings = { paddingSide: 'left', truncationSide: 'left', modelMaxLength: 9, padToken: '[PAD]' }
  const made = new ClvpTokenizer({ vocab, merges, ...settings, cleanUpTokenizationSpaces: true })
  const files = await made.savePretrained(folder)
  t.ok(files.every(existsSync))
  t.match(readFileSync(join(folder, 'merges.txt'), 'utf8'), /^#version: 0\.2\n/)
  const read = await ClvpTokenizer.fromPretrained(folder)
  for (const [name, value] of Object.entries(made)) t.strictSame(read[name], value, name)
  t.strictSame(read.getVocab(), made.getVocab())
  t.equal((await ClvpTokenizer.fromPretrained(folder, { paddingSide: 'right' })).paddingSide, 'right')
})

t.test('saves the vocabulary alone, with a prefix', async (t) => {
  const folder = t.testdir()
  t.strictSame(await tokenizer.saveVocabulary(folder, 'my'), [
    join(folder, 'my-vocab.json'),
    join(folder, 'my-merges.txt'),
  ])
  t.strictSame(await tokenizer.saveVocabulary(folder), [
    join(folder, 'vocab.json'),
    join(folder, 'merges.txt'),
  ])
  t.strictSame(JSON.parse(readFileSync(join(folder, 'vocab.json'), 'utf8')), vocab)
  await t.rejects(tokenizer.saveVocabulary(folder, '../x'), wrong)
  await t.rejects(tokenizer.saveVocabulary(join(folder, 'vocab.json')), { code: 'CLVP_IO' })
})

t.test('reads special tokens as strings and as objects, and refuses tokens of others', async (t) => {
  const files = { 'vocab.json': JSON.stringify(vocab), 'merges.txt': merges.join('\n') }
  const read = (config) => {
    const folder = t.testdir({ ...files, 'tokenizer_config.json': JSON.stringify(config) })
    return ClvpTokenizer.fromPretrained(folder)
  }
  const object = { __type: 'AddedToken', content: '[PAD]', lstrip: false }
  const config = { pad_token: object, eos_token: null, model_max_length: 1e30, chat_template: 'x' }
  const { padToken, eosToken, modelMaxLength } = await read(config)
  t.strictSame([padToken, eosToken, modelMaxLength], ['[PAD]', '[STOP]', Infinity])
  const added = { added_tokens_decoder: { 300: { content: '[LAUGH]' } } }
  await t.rejects(read(added), { code: 'CLVP_UNSUPPORTED', message: /tokenizer_config\.json.*LAUGH.*300/ })
  await t.rejects(read({ padding_side: 'up' }), { code: 'CLVP_MODEL_FORMAT', message: /paddingSide/ })
})

t.test('refuses wrong texts and options', async (t) => {
  for (const texts of [undefined, null, 5, [], ['a', 5], [['a']], {}]) t.throws(() => tokenizer(texts), wrong)
  const options = [
    ...[
      null,
      5,
      { maxLenght: 1 },
      { padding: 'all' },
      { padding: 1 },
      { truncation: 'only_second' },
      { maxLength: 0 },
    ],
    ...[{ maxLength: 1.5 }, { maxLength: 2 ** 40 }, { padToMultipleOf: 0 }, { paddingSide: 'top' }],
    ...[{ returnAttentionMask: 1 }, { addSpecialTokens: 'no' }, { splitSpecialTokens: null }],
  ]
  for (const given of options) t.throws(() => tokenizer('a', given), wrong, JSON.stringify(given))
  const many = Array.from({ length: 100 }, () => 'a')
  t.throws(() => tokenizer(many, { padding: 'max_length', maxLength: 2 ** 24 }), { message: /at most/ })
  for (const given of [
    undefined,
    {},
    [],
    { inputIds: 'a' },
    { inputIds: [1, 'a'] },
    { inputIds: [[1], 2] },
  ]) {
    t.throws(() => tokenizer.pad(given), wrong, JSON.stringify(given))
  }
  t.throws(() => tokenizer.pad({ inputIds: [1, 2], attentionMask: [1] }), wrong)
  t.throws(() => tokenizer.getSpecialTokensMask([1], [2], true), wrong)
  for (const settings of [{ paddingSide: 1 }, { truncationSide: 'x' }, { modelMaxLength: 0.5 }]) {
    t.throws(() => new ClvpTokenizer({ vocab, merges, ...settings }), wrong)
  }
})
