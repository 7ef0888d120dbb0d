/**
 * Requests to draw that wait together are drawn together, in one batch of the core: as soon as a candidate of one ends, a waiting
 * candidate of another takes its place.
 */

import type {
  NativeAbortFlag,
  NativeGenerated,
  NativeHooks,
  NativeOutcome,
  NativeRequest,
} from './binding.js'
import { abortError, ClvpError, disposedError } from './errors.js'
import type { Queue } from './queue.js'

/** What a group is drawn with. */
export interface Drawer {
  /** Draws all; an outcome for each. Stopped by stop(). */
  draw(requests: NativeRequest[]): Promise<NativeOutcome[]>
  stop(): void
  /** An outcome's error as the package shows it. */
  rewrap(error: unknown): unknown
  newFlag(): NativeAbortFlag
}

/** One request, from when it is made until its promise is settled. */
class Member {
  readonly promise: Promise<NativeGenerated>
  readonly request: NativeRequest
  settled = false
  #resolve!: (value: NativeGenerated) => void
  #reject!: (error: unknown) => void
  readonly #cancel: NativeAbortFlag
  readonly #onLeave: () => void
  readonly #signal: AbortSignal | undefined
  readonly #onAbort = () => this.fail(abortError(this.#signal!))

  constructor(
    request: Omit<NativeRequest, 'hooks' | 'cancel'>,
    hooks: (fail: (error: unknown) => void) => NativeHooks,
    cancel: NativeAbortFlag,
    onLeave: () => void,
    given?: AbortSignal,
  ) {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#cancel = cancel
    this.#onLeave = onLeave
    this.request = { ...request, cancel, hooks: hooks((error) => this.fail(error)) }
    // A signal for this call alone: many calls may share the given one, and Node warns of many listeners.
    this.#signal = given && AbortSignal.any([given])
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true })
    if (this.#signal?.aborted) this.#onAbort()
  }

  give(value: NativeGenerated): void {
    if (this.#settle()) this.#resolve(value)
  }

  /** Rejects, and lets the core drop what it draws for this request. */
  fail(error: unknown): void {
    if (!this.#settle()) return
    this.#reject(error)
    this.#cancel.abort()
    this.#onLeave()
  }

  #settle(): boolean {
    const first = !this.settled
    this.settled = true
    this.#signal?.removeEventListener('abort', this.#onAbort)
    return first
  }
}

/** Requests that are drawn in one batch. */
interface Group {
  members: Member[]
  begun: boolean
}

export class Together {
  readonly #queue: Queue
  readonly #drawer: Drawer
  /** The group that others may still join, if there is one. */
  #open: Group | undefined

  constructor(queue: Queue, drawer: Drawer) {
    this.#queue = queue
    this.#drawer = drawer
  }

  /** `hooks` gets a function that fails this request alone. One that is `alone` shares its batch with no other. */
  add(
    request: Omit<NativeRequest, 'hooks' | 'cancel'>,
    hooks: (fail: (error: unknown) => void) => NativeHooks,
    { signal, alone = false }: { signal?: AbortSignal | undefined; alone?: boolean | undefined } = {},
  ): Promise<NativeGenerated> {
    const group = (alone ? undefined : this.#open) ?? this.#begin(alone)
    const onLeave = () => this.#leave(group)
    const member = new Member(request, hooks, this.#drawer.newFlag(), onLeave, signal)
    group.members.push(member)
    return member.promise
  }

  #begin(alone: boolean): Group {
    const group: Group = { members: [], begun: false }
    const { members } = group
    if (!alone) this.#open = group
    const close = () => {
      group.begun = true
      if (this.#open === group) this.#open = undefined
    }
    this.#queue
      .add(async () => {
        await new Promise((resolve) => setImmediate(resolve)) // requests made in the same turn come along
        close()
        await this.#run(members.filter(({ settled }) => !settled))
      })
      .catch((error) => {
        close()
        for (const member of members) member.fail(error)
      })
    return group
  }

  async #run(members: Member[]): Promise<void> {
    if (members.length === 0) return
    if (this.#queue.closed) throw disposedError()
    try {
      const outcomes = await this.#drawer.draw(members.map(({ request }) => request))
      for (const [i, outcome] of outcomes.entries()) {
        if ('error' in outcome) members[i]!.fail(this.#drawer.rewrap(outcome.error))
        else members[i]!.give(outcome)
      }
    } catch (error) {
      // dispose() stops the running group as an abort does.
      const stopped = error instanceof ClvpError && error.code === 'CLVP_ABORTED' && this.#queue.closed
      throw stopped ? disposedError() : error
    }
  }

  /** A group that nobody waits for any more is stopped at once. */
  #leave({ begun, members }: Group): void {
    if (begun && members.every(({ settled }) => settled)) this.#drawer.stop()
  }
}
