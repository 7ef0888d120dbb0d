/** What a session's calls run on: the addon in this process, or in a process of its own (remote.ts). */
import { binding } from '../addon/binding.js'
import type {
  KvType,
  NativeAbortFlag,
  NativeHeld,
  NativeInfo,
  NativeModel,
  NativeSession,
} from '../addon/contract.js'

export interface Engine {
  readonly info: NativeInfo
  readonly threads: number
  /** What the model file says. */
  readonly values: Record<string, NativeHeld>
  readonly session: NativeSession
  newFlag(): NativeAbortFlag
  /** Frees all of it. Nothing runs any more. */
  dispose(): Promise<void>
}

/** On a model in this process, which goes with it. */
export function localEngine(model: NativeModel, threads: number, kvType: KvType): Engine {
  const session = new binding.Session(model, threads, kvType)
  return {
    info: model.info(),
    threads: session.threads(),
    values: model.values(),
    session,
    newFlag: () => new binding.AbortFlag(),
    async dispose() {
      session.dispose()
      model.dispose()
    },
  }
}
