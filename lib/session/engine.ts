/** The engine of a session's calls: the addon in this process, or in a separate process (remote.ts). */
import { binding } from '../addon/binding.js'
import type { NativeHeld } from '../addon/contract/files.js'
import type {
  KvType,
  NativeAbortFlag,
  NativeInfo,
  NativeModel,
  NativeSession,
} from '../addon/contract/session.js'

export interface Engine {
  readonly info: NativeInfo
  readonly threads: number
  /** Keys and values of the model file. */
  readonly values: Record<string, NativeHeld>
  readonly session: NativeSession
  /** Whether parts of the model take each other's place in memory, so that work of one part should be done before that of another. */
  readonly swapsParts: boolean
  newFlag(): NativeAbortFlag
  /** Frees everything. No call may be running. */
  dispose(): Promise<void>
}

/** An engine on a model in this process. Its dispose() frees the model too. */
export function localEngine(model: NativeModel, threads: number, kvType: KvType): Engine {
  const session = new binding.Session(model, threads, kvType)
  return {
    info: model.info(),
    threads: session.threads(),
    values: model.values(),
    session,
    swapsParts: false,
    newFlag: () => new binding.AbortFlag(),
    async dispose() {
      session.dispose()
      model.dispose()
    },
  }
}
