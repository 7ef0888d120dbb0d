/** A generate() call as a stream of events. */
import { onAbort } from '../base/abort.js'
import { EventStream } from '../base/event_stream.js'
import type { Listener } from './generate.js'
import type { DrawnCandidate, GenerateResult } from './result.js'

/** The events of stream(), in order: codes as they are drawn, candidates as they end, the ranked result last. */
export type StreamEvent =
  | { type: 'token'; candidate: number; code: number }
  | { type: 'candidate'; candidate: DrawnCandidate }
  | { type: 'done'; result: GenerateResult }

/**
 * Starts a call and returns its events. Whoever leaves the loop early aborts the call.
 *
 * @param stop the code that ends a candidate; it is no event
 */
export function streamEvents(
  signal: AbortSignal | undefined,
  stop: number,
  run: (signal: AbortSignal, listener: Listener) => Promise<GenerateResult>,
): AsyncIterableIterator<StreamEvent> {
  const leave = new AbortController()
  const forget = signal && onAbort(signal, () => leave.abort(signal.reason))
  if (signal?.aborted) leave.abort(signal.reason)
  const events = new EventStream<StreamEvent>(() => leave.abort())
  const listener: Listener = {
    onStep(pairs) {
      for (let i = 0; i < pairs.length; i += 2) {
        const code = pairs[i + 1]!
        if (code !== stop) events.push({ type: 'token', candidate: pairs[i]!, code })
      }
    },
    onCandidate: (candidate) => events.push({ type: 'candidate', candidate }),
  }
  run(leave.signal, listener)
    .finally(forget)
    .then(
      (result) => {
        events.push({ type: 'done', result })
        events.end()
      },
      (error) => events.fail(error),
    )
  return events
}
