/** Work of the addon outside sessions: loading and reading model files, with an AbortSignal and progress. */
import { withAbort } from '../base/abort.js'
import { abortError, ClvpError } from '../base/errors.js'
import { guard, once } from '../base/hook_guard.js'
import { backends } from './addon.js'
import { backendPackageName, isBackend } from './backends.js'
import { binding, native } from './binding.js'
import type { NativeTensorDifference, NativeVerification } from './contract/files.js'
import type { NativeAbortFlag, NativeLoadOptions, NativeModel } from './contract/session.js'
import { freeMemory } from './free_memory.js'
import { allParts, type Part } from './parts.js'

export interface CoreLoadOptions {
  device?: string
  /** The parts to load; default all that the file has. */
  parts?: readonly Part[]
  mmap?: boolean
  /** Limit of the weights, in bytes: larger ones are refused before they are read. */
  maxMemory?: number | undefined
  signal?: AbortSignal | undefined
  onProgress?: ((fraction: number) => void) | undefined
}

/** Runs a job of the loader. The signal sets its flag; a result that comes after an abort goes to `discard`. */
async function loading<T>(
  { signal, onProgress }: Pick<CoreLoadOptions, 'signal' | 'onProgress'>,
  start: (flag: NativeAbortFlag, onProgress: CoreLoadOptions['onProgress']) => Promise<T>,
  discard?: (value: T) => void,
): Promise<T> {
  if (signal?.aborted) throw abortError(signal)
  const flag = new binding.AbortFlag()
  const stop = () => flag.abort()
  const run = () => guard(stop, (fail) => native(() => start(flag, onProgress && once(onProgress, fail))))
  return withAbort(signal, stop, run, discard)
}

export function nativeOptions({
  device = 'auto',
  parts = allParts,
  mmap = false,
  maxMemory = 0,
}: CoreLoadOptions): NativeLoadOptions {
  return {
    device,
    parts,
    mmap,
    memoryAvailable: freeMemory() ?? 0,
    maxMemory,
  }
}

/** Loads a GGUF file into a device's memory. */
export function loadModel(path: string, options: CoreLoadOptions = {}): Promise<NativeModel> {
  const wanted = nativeOptions(options)
  const start = (flag: NativeAbortFlag, onProgress: CoreLoadOptions['onProgress']) =>
    binding.loadModel(path, wanted, flag, onProgress)
  return loading(options, start, (model) => model.dispose()).catch((error) => {
    throw withReason(error, wanted.device)
  })
}

/** Adds to the error of a missing device why its backend is missing. */
function withReason(error: unknown, device: string): unknown {
  const backend = device.toLowerCase().split(':')[0]!
  if (!(error instanceof ClvpError) || error.code !== 'CLVP_DEVICE' || !isBackend(backend)) return error
  if (binding.devices().some(({ name }) => name.toLowerCase().startsWith(backend))) return error
  const installed = backends.find((each) => each.backend === backend)
  const reason = installed ? installed.problem : missing(backend)
  return reason ? new ClvpError('CLVP_DEVICE', `${error.message}. ${reason}`, { cause: error }) : error
}

function missing(backend: string): string | undefined {
  const name = backendPackageName(backend)
  return name && `Install ${name}, in the same version as node-clvp, for that backend`
}

/** Reads a whole GGUF file and lists its faults. */
export function scanModel(
  path: string,
  options: Pick<CoreLoadOptions, 'signal' | 'onProgress'> & { threads: number },
): Promise<NativeVerification> {
  return loading(options, (flag, onProgress) => binding.verify(path, options.threads, flag, onProgress))
}

/** Compares the tensors that two GGUF files share by name, in the order of `a`. */
export function compareTensors(
  a: string,
  b: string,
  options: Pick<CoreLoadOptions, 'signal' | 'onProgress'> = {},
): Promise<NativeTensorDifference[]> {
  return loading(options, (flag, onProgress) => binding.compareTensors(a, b, flag, onProgress))
}
