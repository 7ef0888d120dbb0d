/** What a run is: the file run.json of its folder. */
import { createHash } from 'node:crypto'
import type { VoiceJson } from '../audio/voice.js'
import { ClvpError } from '../base/errors.js'
import { isObject } from '../base/json.js'
import type { InputIdentity, InputIndex } from './input/input.js'
import type { Columns } from './input/row.js'
import type { PartFormat } from './parts.js'
import type { BatchStore } from './store.js'
import type { BatchTask } from './tasks.js'

export const manifestName = 'run.json'
const format = 'clvp-batch'
const version = 1

/** Everything that the results depend on. */
export interface RunSettings {
  task: BatchTask
  /** Of this package. */
  package: string
  model: { name: string; id: string | null; type: string }
  /** Options of Clvp.load that change results. */
  load: Readonly<Record<string, unknown>>
  /** Options of each row's call. */
  settings: Readonly<Record<string, unknown>>
  /** The voice of rows that name none. */
  voice: VoiceJson | null
  /** Names of the input's columns, where they are others. */
  columns: Columns
  seed: number
  /** Rows of a shard. */
  shardRows: number
  parts: PartFormat
}

export interface Manifest extends RunSettings {
  /** Hash of the settings: jobs and processes of the same run have the same. */
  key: string
  /** Where the model was found; others may find it elsewhere. */
  source: string
  input: InputIdentity
  index: InputIndex
}

export function keyOf(settings: RunSettings): string {
  const {
    task,
    package: made,
    model,
    load,
    settings: options,
    voice,
    columns,
    seed,
    shardRows,
    parts,
  } = settings
  const vectors = vectorsOf(voice)
  const all = [
    task,
    made,
    model,
    sorted(load),
    sorted(options),
    vectors,
    sorted(columns),
    seed,
    shardRows,
    parts,
  ]
  return createHash('sha256').update(JSON.stringify(all)).digest('hex')
}

/** The voice without its origin: paths of clips differ from machine to machine. */
function vectorsOf(voice: VoiceJson | null): unknown {
  return voice && [voice.embedding, voice.diffusion ?? null]
}

function sorted(options: object): unknown {
  return Object.entries(options).sort(([one], [other]) => (one < other ? -1 : 1))
}

export function encodeManifest(manifest: Manifest): Uint8Array {
  return Buffer.from(`${JSON.stringify({ format, version, ...manifest })}\n`)
}

/** @throws ClvpError CLVP_IO for a file that is none */
export async function readManifest(store: BatchStore): Promise<Manifest | undefined> {
  const bytes = await store.read(manifestName)
  if (!bytes) return undefined
  try {
    const held: unknown = JSON.parse(Buffer.from(bytes).toString())
    if (isObject(held) && held.format === format && held.version === version) {
      const { format: _, version: __, ...manifest } = held
      if (isManifest(manifest)) return manifest
    }
  } catch {} // reported below
  throw new ClvpError(
    'CLVP_IO',
    `Expected the manifest of a run in ${store.url}/${manifestName} but received something else: name another folder`,
  )
}

export async function needManifest(store: BatchStore): Promise<Manifest> {
  const manifest = await readManifest(store)
  if (manifest) return manifest
  throw new ClvpError(
    'CLVP_IO',
    `Expected a run in ${store.url} but found no ${manifestName}: name the folder that -o named`,
  )
}

function isManifest(held: object): held is Manifest {
  const { key, shardRows, input, index } = held as Partial<Manifest>
  const isWhole =
    isObject(input) && isObject(index) && Number.isSafeInteger(shardRows) && Number.isSafeInteger(input.rows)
  return isWhole && key === keyOf(held as Manifest)
}

/** Throws an error that names each setting in which a run differs from what is asked for. */
export function requireSame(store: BatchStore, had: Manifest, wanted: RunSettings): void {
  const differences = (Object.keys(wanted) as (keyof RunSettings)[])
    .filter((name) => canonical(name, had) !== canonical(name, wanted))
    .flatMap((name) => differencesOf(name, had[name], wanted[name]))
  if (differences.length === 0) return
  throw new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected the settings of the run in ${store.url} but received others: ${differences.join('; ')}: take the same, or name another folder`,
  )
}

function canonical(name: keyof RunSettings, settings: RunSettings): string {
  if (name === 'voice') return JSON.stringify(vectorsOf(settings.voice))
  const value = settings[name]
  return JSON.stringify(isObject(value) ? sorted(value) : value)
}

function differencesOf(name: string, had: unknown, wanted: unknown): string[] {
  if (name === 'voice') return ['another voice']
  if (!isObject(had) || !isObject(wanted)) return [`${name} is ${shown(wanted)} and was ${shown(had)}`]
  return [...new Set([...Object.keys(had), ...Object.keys(wanted)])]
    .filter((key) => JSON.stringify(had[key]) !== JSON.stringify(wanted[key]))
    .map(
      (key) =>
        `${name === 'settings' ? '' : `${name} `}${key} is ${shown(wanted[key])} and was ${shown(had[key])}`,
    )
}

function shown(value: unknown): string {
  return value === undefined ? 'not given' : JSON.stringify(value)
}
