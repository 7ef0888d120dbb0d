/** From a source that a user names to a model in memory and a session on it. */
import type { NativeModel } from './binding.js'
import { createSession, loadModel, type Session } from './core.js'
import { ClvpError } from './errors.js'
import { type LoadOptions, type Progress, readLoadOptions } from './generate_options.js'
import { path } from './options.js'
import { resolveSource } from './source.js'
import type { ModelType } from './weight_types.js'

/**
 * Loads a model and makes something of it. What fails on the way leaves nothing behind.
 *
 * @param folderType the type that a folder is converted to, unless the options name one
 */
export async function openModel<T>(
  source: string,
  options: LoadOptions,
  folderType: ModelType,
  make: (model: NativeModel, session: Session) => T,
): Promise<T> {
  const file = path(source, 'source')
  const { device, threads, kvType, type, revision, parts, mmap, onProgress, signal } =
    readLoadOptions(options)
  const report =
    onProgress && ((stage: Progress['stage'], fraction: number) => onProgress({ stage, fraction }))
  const wanted = { type: type ?? folderType, revision, threads, signal, onProgress: report }
  const gguf = await resolveSource(file, wanted)
  const onLoad = report && ((fraction: number) => report('load', fraction))
  const model = await loadModel(gguf, { device, parts, mmap, signal, onProgress: onLoad })
  try {
    const info = model.info()
    if (type !== undefined && type !== info.type) {
      throw new ClvpError(
        'CLVP_INVALID_ARGUMENT',
        `Expected a model of type ${type} but ${file} is ${info.type}: convert the original, or leave 'type' out`,
      )
    }
    return make(model, createSession(model, { threads, kvType }))
  } catch (error) {
    model.dispose()
    throw error
  }
}
