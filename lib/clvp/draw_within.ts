/** Draws for a limited time: `budgetMs` of generate(). */
import type { NativeCandidate, NativeGenerated } from '../addon/contract/drawing.js'
import { ClvpError } from '../base/errors.js'
import type { CoreGenerateRequest } from '../session/requests.js'
import type { Session } from '../session/session.js'

/** All candidates; or, once the time is over, those that are complete, or the first that is. */
export async function drawWithin(
  session: Session,
  request: CoreGenerateRequest,
  budgetMs: number,
): Promise<NativeGenerated> {
  const complete: NativeCandidate[] = []
  const cut = new AbortController()
  let isOver = false
  const check = () => {
    if (isOver && complete.length > 0) cut.abort()
  }
  const timer = setTimeout(() => {
    isOver = true
    check()
  }, budgetMs)
  const onCandidate = (each: NativeCandidate) => {
    if (cut.signal.aborted) return
    complete.push(each)
    request.onCandidate?.(each)
    check()
  }
  const signal = request.signal ? AbortSignal.any([request.signal, cut.signal]) : cut.signal
  const began = performance.now()
  try {
    return await session.generate({ ...request, signal, onCandidate })
  } catch (error) {
    const isCut = error instanceof ClvpError && error.code === 'CLVP_ABORTED' && cut.signal.aborted
    if (!isCut || request.signal?.aborted) throw error
    return {
      candidates: complete.sort((a, b) => a.index - b.index),
      timings: {
        prefillMs: 0,
        decodeMs: performance.now() - began,
        sampleMs: 0,
        prefillPositions: 0,
        steps: Math.max(...complete.map(({ tokens }) => tokens.length)),
        kvBytes: 0,
      },
      steps: [],
    }
  } finally {
    clearTimeout(timer)
  }
}
