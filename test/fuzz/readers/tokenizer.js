/**
 * Fuzzes the readers of a tokenizer's files: the class's own, a conversion's, and the one of what a model
 * file holds.
 */
import { tokenizerOf } from '../../../dist/lib/text/text.js'
import { ClvpTokenizer } from '../../../dist/lib/text/tokenizer.js'
import { Folder } from '../../../dist/quantize/checkpoint/folder.js'
import { readTokenizer } from '../../../dist/quantize/checkpoint/tokens.js'
import { packFiles, runAll, unpackFiles } from './files.js'
import { MemoryFolder } from './memory.js'

export const NAMES = ['tokenizer_config.json', 'vocab.json', 'merges.txt', 'tokenizer.json']
const TEXT = 'The 2 cats [UNK]<|endoftext|>a'

const vocab = {
  '[STOP]': 0,
  '[UNK]': 1,
  '[SPACE]': 2,
  a: 3,
  c: 4,
  e: 5,
  h: 6,
  s: 7,
  t: 8,
  th: 9,
  the: 10,
  at: 11,
}
const merges = ['#version: 0.2', 't h', 'th e', 'a t', ''].join('\n')
const config = {
  model_max_length: 404,
  added_tokens_decoder: { 0: { content: '[STOP]', special: true } },
  bos_token: '<|endoftext|>',
  eos_token: '[STOP]',
  pad_token: { content: '[STOP]', lstrip: false },
  unk_token: '[UNK]',
  add_prefix_space: false,
  clean_up_tokenization_spaces: true,
  padding_side: 'left',
  truncation_side: 'right',
}
const fast = { model: { type: 'BPE', vocab, merges: ['t h', ['th', 'e']] } }

const whole = {
  'vocab.json': JSON.stringify(vocab),
  'merges.txt': merges,
  'tokenizer_config.json': JSON.stringify(config),
}
const seeds = [
  whole,
  { ...whole, 'tokenizer_config.json': undefined },
  { ...whole, 'merges.txt': 't h\r\nth e\ra t' },
  { 'tokenizer.json': JSON.stringify(fast), 'tokenizer_config.json': JSON.stringify(config) },
]

/** Everything that can be asked of a tokenizer, with a text that has of all kinds. */
function use(tokenizer) {
  const ids = tokenizer.encode(TEXT)
  tokenizer.encode(TEXT, { splitSpecialTokens: false })
  tokenizer.encodeWithOffsets(TEXT)
  tokenizer.call([TEXT, 'a'], { padding: true, truncation: true, maxLength: 8 })
  tokenizer.convertIdsToTokens(ids, { skipSpecialTokens: true })
  tokenizer.getVocab()
  tokenizer.decode(ids, { skipSpecialTokens: true })
  tokenizer.decode(ids)
}

const folder = new MemoryFolder()

/** As a model file holds them, which a conversion wrote. */
function ofModelFile(files, { tokens, merges }) {
  const json = new TextDecoder().decode(files['tokenizer_config.json'])
  const held = { 'clvp.tokenizer.tokens': tokens, 'clvp.tokenizer.merges': merges }
  return tokenizerOf(
    { ...held, ...(json && { 'clvp.source.tokenizer_config': json }) },
    { textVocab: 2 ** 18 },
  )
}

export const tokenizer = {
  name: 'tokenizer',
  isText: true,
  seeds: seeds.map((texts) => packFiles(NAMES, texts)),
  words: [
    '\n',
    '\r',
    ' ',
    '\t',
    '\u0120',
    '\u0100',
    '\ufeff',
    '#version',
    '[SPACE]',
    'a a\naa aa\n',
    '\u2028',
  ].map((word) => Buffer.from(word)),
  run(bytes) {
    const files = unpackFiles(NAMES, bytes)
    folder.set(files)
    const ofClass = async () => use(await ClvpTokenizer.fromPretrained(folder.path))
    return runAll([
      ...(files['vocab.json'].length > 0 ? [ofClass] : []), // tokenizer.json is for conversions alone
      async () => use(ofModelFile(files, await readTokenizer(new Folder(folder.path)))),
    ])
  },
  close: () => folder.remove(),
}
