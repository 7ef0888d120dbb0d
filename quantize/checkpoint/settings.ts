import { join } from 'node:path'
import { asObject, type Folder } from './folder.js'
import type { JsonObject } from './section.js'
import type { Tokenizer } from './tokens.js'
import type { Weights } from './weights.js'

/** A configuration as JSON text and as a parsed object. */
export interface Settings {
  readonly text: string
  readonly json: JsonObject
}

/** The contents of a folder, except the files of its tokenizer. */
export interface OpenedFolder extends Weights {
  readonly config: Settings
  readonly preprocessor: Settings | undefined
  /** Gives the tokenizer of a checkpoint that has no files of one. */
  readonly tokenizer?: () => Promise<Tokenizer>
}

/** The feature extractor's configuration. transformers 5 writes it into that of the processor. */
export async function readPreprocessor(source: Folder): Promise<Settings | undefined> {
  const own = await source.config('preprocessor_config.json')
  if (own) return own
  const name = 'processor_config.json'
  const nested = (await source.config(name))?.json.feature_extractor
  if (nested === undefined || nested === null) return undefined
  const json = asObject(nested, `${join(source.path, name)}: feature_extractor`)
  return { text: JSON.stringify(json), json }
}

/**
 * Combines the settings of a file with those derived from the weights; the file takes precedence. The text of a complete
 * file is kept unchanged.
 */
export function completeSettings(given: Settings | undefined, found: JsonObject): Settings {
  const json = merge(given?.json ?? {}, found)
  return given && json === given.json ? given : { text: `${JSON.stringify(json, null, 2)}\n`, json }
}

/** `given` plus the missing keys from `found`; `given` itself if none is missing. */
function merge(given: JsonObject, found: JsonObject): JsonObject {
  const added: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(found)) {
    const own = Object.hasOwn(given, key) ? given[key] : undefined
    if (own === undefined) added[key] = value
    else if (isObject(own) && isObject(value)) {
      const merged = merge(own, value)
      if (merged !== own) added[key] = merged
    }
  }
  return Object.keys(added).length > 0 ? { ...given, ...added } : given
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
