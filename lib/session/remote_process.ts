/** The separate process of a model. remote.ts starts it; it ends with the process that started it. */
import { binding } from '../addon/binding.js'
import type { NativeHooks, NativeRequest } from '../addon/contract/drawing.js'
import type { NativeAbortFlag } from '../addon/contract/session.js'
import { type Engine, localEngine } from './engine.js'
import {
  type FlagPlace,
  type FromModel,
  failure,
  type HookName,
  isFlagPlace,
  type Method,
  type Start,
  type ToModel,
} from './wire.js'

let engine: Engine | undefined
const flags = new Map<number, NativeAbortFlag>()
const replies = new Map<number, (value: unknown) => void>()
let nextReply = 0

const send = (message: FromModel) => void process.send?.(message)

async function start({ file, load, threads, kvType }: Start): Promise<void> {
  try {
    const onProgress = (fraction: number) => send({ kind: 'progress', fraction })
    const model = await binding.loadModel(file, load, new binding.AbortFlag(), onProgress)
    engine = localEngine(model, threads, kvType)
    const { info, values } = engine
    send({ kind: 'started', info, values, threads: engine.threads })
  } catch (error) {
    const message: FromModel = { kind: 'unstarted', error: failure(error) }
    process.send?.(message, () => process.disconnect())
  }
}

/** The hooks of a call: they call the caller's functions in the other process. */
function hooksOf(id: number, names: readonly HookName[]): NativeHooks {
  const ask = (hook: HookName, args: unknown[], answer?: (value: never) => void) => {
    const reply = nextReply++
    if (answer) replies.set(reply, answer as (value: unknown) => void)
    send({ kind: 'hook', id, hook, args, reply })
  }
  const hooks: NativeHooks = {
    onStep: (pairs) => ask('onStep', [pairs]),
    onCandidate: (candidate) => ask('onCandidate', [candidate]),
    onProgress: (fraction) => ask('onProgress', [fraction]),
    process: (rows, scores, reply) => ask('process', [rows, scores], reply),
    stop: (rows, reply) => ask('stop', [rows], reply),
  }
  return Object.fromEntries(names.map((name) => [name, hooks[name]]))
}

/** The methods whose third argument is the hooks. */
const hooksThird: ReadonlySet<string> = new Set<Method>(['searchBeams', 'diffuse', 'vocode', 'hifigan'])

async function call({ id, method, args, hooks }: Extract<ToModel, { kind: 'call' }>): Promise<void> {
  const used: number[] = []
  /** A local flag that stands for a flag of the other process. */
  const flagFor = ({ flag, aborted }: FlagPlace) => {
    const abort = new binding.AbortFlag()
    if (aborted) abort.abort()
    flags.set(flag, abort)
    used.push(flag)
    return abort
  }
  const unpacked = args.map((each) => (isFlagPlace(each) ? flagFor(each) : each))
  try {
    const { session } = engine!
    if (method === 'generate') {
      const request = unpacked[0] as NativeRequest
      const abort = flagFor(request.abort as unknown as FlagPlace)
      unpacked[0] = { ...request, abort, hooks: hooksOf(id, hooks) }
    }
    if (hooksThird.has(method)) unpacked[2] = hooksOf(id, hooks)
    const run = (session[method] as (...given: unknown[]) => unknown).bind(session)
    send({ kind: 'value', id, value: await run(...unpacked) })
  } catch (error) {
    send({ kind: 'error', id, error: failure(error) })
  } finally {
    for (const flag of used) flags.delete(flag)
  }
}

process.on('message', (message: ToModel) => {
  switch (message.kind) {
    case 'start':
      return void start(message.start)
    case 'call':
      return void call(message)
    case 'reply':
      replies.get(message.reply)?.(message.value)
      return void replies.delete(message.reply)
    case 'cancel':
      return flags.get(message.flag)?.abort()
    case 'close':
      return engine?.session.close()
    case 'dispose':
      return process.disconnect()
  }
})
// The other process is gone. The addon's exit handler stops the running calls.
process.once('disconnect', () => process.exit())
