import { join } from 'node:path'
import {
  pairFolders,
  pairNames,
  type SourceFiles,
  type StageOption,
  stageFileName,
} from '../../lib/base/checkpoint_files.js'
import { ClvpError } from '../../lib/base/errors.js'
import { statIfThere } from '../../lib/base/files.js'
import { TorchFile } from '../formats/torch_file.js'
import { type Folder, missing } from './folder.js'
import { plainName } from './wrapped_names.js'

/** Paths of tortoise's two checkpoints. */
export type PairFiles = Readonly<Record<keyof typeof pairNames, string>>
type Part = keyof PairFiles

const PARTS: readonly Part[] = ['autoregressive', 'clvp']
/** Tensors that tell a part from tortoise's other checkpoints, which share some of its names. */
const MARKS: Readonly<Record<Part, readonly string[]>> = {
  autoregressive: ['text_embedding.weight', 'mel_embedding.weight', 'mel_head.weight'],
  clvp: [
    'text_emb.weight',
    'speech_emb.weight',
    'text_transformer.transformer.attn_layers.layers.0.1.wrap.to_q.weight',
  ],
}
const MAX_CANDIDATES = 64

/**
 * Finds tortoise's two checkpoints: those that the caller names, else those with tortoise's names, else the only .pth file
 * that holds the part by the names of its tensors.
 *
 * @returns undefined for a folder that has neither
 * @throws ClvpError `CLVP_MODEL_FORMAT` if only one is there, `CLVP_INVALID_ARGUMENT` if several files could be a part
 */
export async function findPair(source: Folder, given: SourceFiles): Promise<PairFiles | undefined> {
  const found: Record<Part, string | undefined> = { autoregressive: undefined, clvp: undefined }
  for (const part of PARTS) found[part] = await findByName(source, part, given[part])
  const absent = PARTS.filter((part) => found[part] === undefined)
  if (absent.length > 0) {
    const { holders, fault } = await sortByContent(source)
    for (const part of absent) found[part] = onlyHolder(source, part, holders[part])
    const lost = PARTS.filter((part) => found[part] === undefined)
    if (lost.length === PARTS.length && fault === undefined) return undefined
    if (lost.length > 0) throw lonely(source, lost[0]!, fault)
  }
  return found as PairFiles
}

/**
 * The path of one of tortoise's files: the one that the caller names, else the one with tortoise's name.
 *
 * @throws ClvpError `CLVP_IO` if the named file is not there
 */
export async function findByName(
  source: Folder,
  part: Part | StageOption,
  given: string | undefined,
): Promise<string | undefined> {
  if (given !== undefined) {
    if (await source.has(given)) return join(source.path, given)
    if (await statIfThere(given, `a file for ${part}`)) return given
    throw new ClvpError(
      'CLVP_IO',
      `There is no file ${given} for ${part}: expected a name in ${source.path}, or a path`,
    )
  }
  const name = part === 'autoregressive' || part === 'clvp' ? pairNames[part] : stageFileName(part)
  for (const folder of pairFolders) {
    if (await source.has(folder + name)) return join(source.path, folder, name)
  }
  return undefined
}

/** The folder's torch files by the part that they hold, and what is wrong with the first that cannot be read. */
async function sortByContent(source: Folder): Promise<{ holders: Record<Part, string[]>; fault: unknown }> {
  const holders: Record<Part, string[]> = { autoregressive: [], clvp: [] }
  let fault: unknown
  for (const folder of pairFolders) {
    const names = (await source.names(folder)).filter((name) => /\.(pth|pt)$/i.test(name))
    for (const name of names.slice(0, MAX_CANDIDATES)) {
      const path = join(source.path, folder, name)
      try {
        const part = await partOf(path)
        if (part) holders[part].push(path)
      } catch (error) {
        if (!(error instanceof ClvpError)) throw error
        fault ??= error
      }
    }
  }
  return { holders, fault }
}

async function partOf(path: string): Promise<Part | undefined> {
  const file = await TorchFile.open(path)
  try {
    const names = new Set([...file.tensors.keys()].map(plainName))
    return PARTS.find((part) => MARKS[part].every((mark) => names.has(mark)))
  } finally {
    await file.close()
  }
}

function onlyHolder(source: Folder, part: Part, paths: readonly string[]): string | undefined {
  if (paths.length <= 1) return paths[0]
  throw new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected one file for ${part} in ${source.path} but found ${paths.slice(0, 4).join(', ')}: name one with '${part}' (--${part})`,
  )
}

function lonely(source: Folder, part: Part, fault: unknown): ClvpError {
  const unread = fault instanceof Error ? `. A file could not be read: ${fault.message}` : ''
  return missing(
    source.path,
    pairNames[part],
    `; tortoise's two checkpoints go together. Name another file with '${part}' (--${part})${unread}`,
  )
}
