/** Loads the model that a user names, and opens a session on it. */
import { autoType } from '../../quantize/type_choice.js'
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
import { type LoadOptions, type Progress, readLoadOptions } from './load_options.js'
import { resolveSource } from './source.js'

/** The load options that determine how much memory calls take. */
export type MemoryOptions = Pick<ReturnType<typeof readLoadOptions>, 'maxMemory' | 'kvType'>

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
  const file = path(source, 'source')
  const {
    device,
    threads,
    kvType,
    type: wantedType,
    maxMemory,
    revision,
    files,
    parts,
    mmap,
    isolate,
    maxCalls,
    onProgress,
    signal,
  } = readLoadOptions(options)
  const type = wantedType === 'auto' ? undefined : wantedType
  const report =
    onProgress && ((stage: Progress['stage'], fraction: number) => onProgress({ stage, fraction }))
  const chosen = wantedType === 'auto' ? autoType(device, maxMemory ?? availableMemory()) : wantedType
  const wanted = { type: chosen ?? folderType, files, revision, threads, signal, onProgress: report }
  const gguf = await resolveSource(file, wanted)
  const onLoad = report && ((fraction: number) => report('load', fraction))
  const load = { device, mmap, maxMemory, signal, onProgress: onLoad }
  const session = await openSession(gguf, load, parts, isolate, { threads, kvType, maxCalls })
  try {
    const { info } = session
    if (type !== undefined && type !== info.type) {
      throw new ClvpError(
        'CLVP_INVALID_ARGUMENT',
        `Expected a model of type ${type} but ${file} is ${info.type}: convert the original, or leave 'type' out`,
      )
    }
    return await make(session, { maxMemory, kvType }, gguf)
  } catch (error) {
    await session.dispose()
    throw error
  }
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
