/** A tokenizer's folder, as transformers reads and writes it. */
import { join } from 'node:path'
import { path } from '../base/check.js'
import { invalid } from '../base/errors.js'
import { writeWhole } from '../base/files.js'
import { fromFile, makeFolder, readJsonIfThere, writeJson } from '../base/json.js'
import { type ClvpTokenizerSettings, checkAddedTokens, settingsOfConfig } from './tokenizer_options.js'
import type { TokenTable } from './tokens.js'
import { readText } from './vocabulary.js'

const VOCAB = 'vocab.json'
const MERGES = 'merges.txt'
const CONFIG = 'tokenizer_config.json'
const ADDED = 'added_tokens.json'
const VERSION_LINE = '#version: 0.2'

/** How transformers writes an unlimited length. */
const NO_LENGTH = BigInt(1e30)

/** The parts of a tokenizer that are saved. */
type Saved = Required<Omit<ClvpTokenizerSettings, 'normalizer'>> & {
  merges: readonly string[]
  allSpecialTokens: readonly string[]
}

/** Makes a tokenizer from the files in a folder. */
export async function readFolder<T extends { convertTokensToIds(token: string): number }>(
  folder: string,
  make: (vocabText: string, mergesText: string, settings: ClvpTokenizerSettings) => T,
): Promise<T> {
  const within = path(folder, 'folder')
  const configFile = join(within, CONFIG)
  const [vocab, merges, config = {}] = await Promise.all([
    readText(join(within, VOCAB), 'folder'),
    readText(join(within, MERGES), 'folder'),
    readJsonIfThere(configFile),
  ])
  const settings = fromFile(configFile, () => settingsOfConfig(config))
  const tokenizer = fromFile(within, () => make(vocab, merges, settings))
  fromFile(configFile, () => checkAddedTokens(config, (token) => tokenizer.convertTokensToIds(token)))
  return tokenizer
}

export async function saveVocabulary(
  folder: string,
  vocab: ReadonlyMap<string, number>,
  merges: readonly string[],
  prefix?: unknown,
): Promise<[string, string]> {
  if (prefix !== undefined && (typeof prefix !== 'string' || /[/\\\0]/.test(prefix))) {
    throw invalid("the beginning of a file's name", 'prefix', prefix)
  }
  const within = await makeFolder(folder)
  const named = (file: string) => join(within, prefix ? `${prefix}-${file}` : file)
  await writeJson(named(VOCAB), Object.fromEntries(vocab), false)
  await writeWhole(named(MERGES), `${[VERSION_LINE, ...merges].join('\n')}\n`)
  return [named(VOCAB), named(MERGES)]
}

export async function saveTokenizer(
  folder: string,
  tokenizer: Saved,
  table: TokenTable,
  processorClass?: string,
): Promise<string[]> {
  const files = await saveVocabulary(folder, table.vocab, tokenizer.merges)
  const added = [...table.special].filter(([token]) => !table.vocab.has(token))
  const addedFile = join(folder, ADDED)
  if (added.length > 0) await writeJson(addedFile, Object.fromEntries(added), false)
  const configFile = join(folder, CONFIG)
  await writeJson(configFile, configOf(tokenizer, table, processorClass), false)
  return [configFile, ...files, ...(added.length > 0 ? [addedFile] : [])]
}

function configOf(tokenizer: Saved, table: TokenTable, processorClass: string | undefined): object {
  const properties = { lstrip: false, normalized: false, rstrip: false, single_word: false, special: true }
  const added = [...table.special].map(([content, id]) => [id, { content, ...properties }])
  return {
    add_prefix_space: tokenizer.addPrefixSpace,
    added_tokens_decoder: Object.fromEntries(added),
    backend: 'custom',
    bos_token: tokenizer.bosToken,
    eos_token: tokenizer.eosToken,
    errors: 'replace',
    model_max_length: tokenizer.modelMaxLength === Infinity ? NO_LENGTH : tokenizer.modelMaxLength,
    pad_token: tokenizer.padToken,
    tokenizer_class: 'ClvpTokenizer',
    unk_token: tokenizer.unkToken,
    // transformers writes these only when they were given, but always reads them.
    ...(tokenizer.paddingSide !== 'right' && { padding_side: tokenizer.paddingSide }),
    ...(tokenizer.truncationSide !== 'right' && { truncation_side: tokenizer.truncationSide }),
    ...(tokenizer.cleanUpTokenizationSpaces && { clean_up_tokenization_spaces: true }),
    ...(processorClass && { processor_class: processorClass }),
  }
}
