/** Loads the model that a user names, and opens a session on it. */
import { autoType } from '../../quantize/type_choice.js'
import { binding, native } from '../addon/binding.js'
import { availableMemory } from '../addon/free_memory.js'
import { type CoreLoadOptions, loadModel } from '../addon/jobs.js'
import type { Parts } from '../addon/parts.js'
import type { ModelType } from '../addon/weight_types.js'
import { path } from '../base/check.js'
import { ClvpError } from '../base/errors.js'
import {
  createSession,
  isolatedSession,
  partSession,
  type Session,
  type SessionOptions,
} from '../session/session.js'
import { readerOf, type TextReader } from '../text/text.js'
import { type LoadOptions, type Progress, readLoadOptions } from './load_options.js'
import { resolveSource } from './source.js'

type ReadLoadOptions = ReturnType<typeof readLoadOptions>

/** The load options that determine how much memory calls take. */
export type MemoryOptions = Pick<ReadLoadOptions, 'maxMemory' | 'kvType'>

/**
 * Loads a model and passes its session to `make`, with the path of its file. A failure frees everything.
 *
 * @param folderType the type of a converted folder, unless the options name one
 */
export async function openModel<T>(
  source: string,
  options: LoadOptions,
  folderType: ModelType,
  make: (session: Session, memory: MemoryOptions, file: string) => T | Promise<T>,
): Promise<T> {
  const name = path(source, 'source')
  const read = readLoadOptions(options)
  const { device, threads, kvType, maxMemory, parts, mmap, isolate, maxCalls, onProgress, signal } = read
  const gguf = await findModel(name, read, folderType)
  const onLoad = onProgress && ((fraction: number) => onProgress({ stage: 'load', fraction }))
  const load = { device, mmap, maxMemory, signal, onProgress: onLoad }
  const session = await openSession(gguf, load, parts, isolate, { threads, kvType, maxCalls })
  try {
    requireType(read.type, session.info.type, name)
    return await make(session, { maxMemory, kvType }, gguf)
  } catch (error) {
    await session.dispose()
    throw error
  }
}

/** The path of the model file. What is no such file is fetched and converted first, unless that was done before. */
async function findModel(
  source: string,
  { device, threads, type, maxMemory, revision, files, onProgress, signal }: ReadLoadOptions,
  folderType: ModelType,
): Promise<string> {
  const chosen = type === 'auto' ? autoType(device, maxMemory ?? availableMemory()) : type
  const report =
    onProgress && ((stage: Progress['stage'], fraction: number) => onProgress({ stage, fraction }))
  const wanted = { type: chosen ?? folderType, files, revision, threads, signal, onProgress: report }
  return resolveSource(source, wanted)
}

function requireType(wanted: ReadLoadOptions['type'], type: string, source: string): void {
  if (wanted === undefined || wanted === 'auto' || wanted === type) return
  throw new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected a model of type ${wanted} but ${source} is ${type}: convert the original, or leave 'type' out`,
  )
}

/** Reads of a model what its texts are read with: the header of its file, and no weights. */
export async function openReader(source: string, options: LoadOptions): Promise<TextReader> {
  const name = path(source, 'source')
  const read = readLoadOptions(options)
  const gguf = await findModel(name, read, 'f16')
  const { values } = await native(() => binding.inspect(gguf))
  if (values['general.architecture'] !== 'clvp') {
    throw new ClvpError(
      'CLVP_MODEL_FORMAT',
      `Expected a CLVP model but ${gguf} holds another one: convert a checkpoint with clvp convert`,
    )
  }
  requireType(read.type, String(values['clvp.type']), name)
  const sizeOf = (key: string, least: number) => {
    const size = values[key]
    if (typeof size === 'number' && Number.isInteger(size) && size >= least) return size
    throw new ClvpError('CLVP_MODEL_FORMAT', `${gguf} has no valid ${key}: convert it again`)
  }
  return readerOf(values, {
    textVocab: sizeOf('clvp.text.vocab_size', 1),
    // bos, the voice and the stop take positions too
    maxTextTokens: sizeOf('clvp.decoder.text_position_count', 4) - 3,
  })
}

function openSession(
  file: string,
  load: CoreLoadOptions,
  parts: Parts,
  isolate: boolean,
  options: SessionOptions,
): Promise<Session> {
  if (parts === 'auto') {
    if (load.mmap || isolate) {
      const other = load.mmap ? 'mmap' : 'isolate'
      throw new ClvpError(
        'CLVP_UNSUPPORTED',
        `Expected no ${other} with parts: 'auto' but received both: leave one of them out`,
      )
    }
    return partSession(file, load, options)
  }
  return isolate
    ? isolatedSession(file, { ...load, parts }, options)
    : sessionHere(file, { ...load, parts }, options)
}

async function sessionHere(file: string, load: CoreLoadOptions, options: SessionOptions): Promise<Session> {
  const model = await loadModel(file, load)
  try {
    return createSession(model, options)
  } catch (error) {
    model.dispose()
    throw error
  }
}
