/** Sound that comes piece by piece. */
import { setImmediate } from 'node:timers/promises'
import { withAbort } from '../../base/abort.js'
import { abortError, ClvpError, invalid } from '../../base/errors.js'
import { checkSamples } from './pcm.js'

/** Mono samples, a piece at a time. */
export type SoundPieces = Iterable<Float32Array> | AsyncIterable<Float32Array>

/** Samples that are encoded at a time: some milliseconds of work. */
const pieceLength = 2 ** 16

/**
 * The pieces in turn, long ones cut, with a pause for the event loop behind each.
 *
 * @throws ClvpError CLVP_ABORTED at once when the signal aborts, CLVP_AUDIO if there is no sample at all
 */
export async function* cutPieces(
  pieces: SoundPieces,
  signal: AbortSignal | undefined,
): AsyncGenerator<Float32Array, void, undefined> {
  const iterator = iteratorOf(pieces)
  let isDone = false
  let count = 0
  try {
    for (let i = 0; ; i++) {
      const next = await withAbort(
        signal,
        () => {},
        async () => iterator.next(),
      )
      if (next.done) {
        isDone = true
        break
      }
      const samples = checkSamples(next.value, `pieces[${i}]`)
      const { length } = samples
      for (let at = 0; at < length; at += pieceLength) {
        if (samples.length !== length) throw invalid('samples that stay', `pieces[${i}]`, samples)
        yield samples.subarray(at, at + pieceLength)
        await setImmediate()
        if (signal?.aborted) throw abortError(signal)
      }
      count += length
    }
  } finally {
    // Not awaited: a producer that is asked to stop may be waiting for its next piece.
    if (!isDone) stop(iterator)
  }
  if (count === 0) throw new ClvpError('CLVP_AUDIO', 'Expected at least one sample but the sound has none')
}

type PieceIterator = Iterator<Float32Array> | AsyncIterator<Float32Array>

function iteratorOf(pieces: SoundPieces): PieceIterator {
  return Symbol.asyncIterator in pieces ? pieces[Symbol.asyncIterator]() : pieces[Symbol.iterator]()
}

/** Checks that a value can be gone through. */
export function checkPieces(value: unknown): SoundPieces {
  const isObject = typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)
  if (!isObject || !(Symbol.asyncIterator in value || Symbol.iterator in value))
    throw invalid('an iterable of Float32Arrays', 'pieces', value)
  return value as SoundPieces
}

function stop(iterator: PieceIterator): void {
  void (async () => iterator.return?.())().catch(() => {})
}
