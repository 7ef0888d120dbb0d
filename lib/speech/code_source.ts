/** Codes that may still be drawn while they are read. */
import type { Candidate } from '../clvp/result.js'

/** A row of codes that grows. */
export class CodeSource {
  readonly #codes: number[] = []
  #ended: Promise<unknown> = new Promise(() => {})
  #wake: () => void = () => {}

  /** Adds a code that was drawn. */
  push(code: number): void {
    this.#codes.push(code)
    this.#wake()
  }

  /** Names what ends the row, or fails: the draw. */
  endsWith(draw: Promise<unknown>): void {
    this.#ended = draw
    draw.catch(() => {}) // first() reports it
  }

  /** The first n codes, as soon as there are so many; undefined if the row ends before. Rejects if the draw does. */
  async first(n: number): Promise<Int32Array | undefined> {
    while (this.#codes.length < n) {
      const grown = new Promise<false>((resolve) => {
        this.#wake = () => resolve(false)
      })
      if (await Promise.race([grown, this.#ended.then(() => true)])) break
    }
    return this.#codes.length < n ? undefined : Int32Array.from(this.#codes.slice(0, n))
  }

  /** A row that was drawn. */
  static of({ drawnCodes }: Pick<Candidate, 'drawnCodes'>): CodeSource {
    const source = new CodeSource()
    for (const code of drawnCodes) source.#codes.push(code)
    source.#ended = Promise.resolve()
    return source
  }
}
