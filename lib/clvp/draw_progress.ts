/** How far the drawing of a call has come. */

interface Request {
  candidates: number
  /** Most codes of a candidate. */
  maxTokens: number
  /** The share of the candidates that are given up. */
  prune: number
  /** The code that ends a candidate. */
  stop: number
  /** How many codes the text takes, as far as can be told before drawing. */
  expected: number
  tell(fraction: number): void
}

/** From this share of the expected length on, a candidate comes nearer to its end ever more slowly. */
const nearEnd = 0.9

/**
 * Counts candidates: each that has ended, and of the others the share that is drawn of the length that they will probably have. That is
 * first guessed from the text, then learned from those that have ended. The fraction never falls.
 */
export class DrawProgress {
  readonly #request: Request
  /** Codes of the candidates that are being drawn. */
  readonly #live = new Map<number, number>()
  #ended = 0
  /** Of the candidates that ended by themselves, and of the guess as if it were one. */
  #lengths: number
  #counted = 1
  #told = 0

  constructor(request: Request) {
    this.#request = request
    this.#lengths = Math.min(Math.max(1, request.expected), request.maxTokens)
  }

  /** Counts one step. `pairs`: candidate, code, candidate, code, ... */
  drawn(pairs: Int32Array): void {
    const { candidates, maxTokens, stop } = this.#request
    const haveAllBegun = this.#live.size + this.#ended === candidates
    for (let i = 0; i < pairs.length; i += 2) {
      const length = (this.#live.get(pairs[i]!) ?? 0) + 1
      if (pairs[i + 1] === stop || length === maxTokens) this.#end(pairs[i]!, length)
      else this.#live.set(pairs[i]!, length)
    }
    if (this.#request.prune > 0 && haveAllBegun) this.#dropGivenUp(pairs)
    let done = this.#ended
    for (const length of this.#live.values()) done += this.#shareOf(length)
    this.#tell(done / candidates)
  }

  /** Tells of beams, which all have the same length. */
  searched(length: number): void {
    this.#tell(this.#shareOf(length))
  }

  /** Nothing is left to draw: also if a limit or the caller ended the candidates. */
  end(): void {
    this.#tell(1)
  }

  #end(candidate: number, length: number): void {
    this.#live.delete(candidate)
    this.#ended++
    this.#lengths += length
    this.#counted++
  }

  /** None is given up before all have begun. From then on every candidate that is being drawn takes part in each step. */
  #dropGivenUp(pairs: Int32Array): void {
    const seen = new Set(pairs.filter((_, i) => i % 2 === 0))
    for (const candidate of this.#live.keys()) {
      if (seen.has(candidate)) continue
      this.#live.delete(candidate)
      this.#ended++
    }
  }

  #shareOf(length: number): number {
    const part = (length * this.#counted) / this.#lengths
    return part < nearEnd ? part : 1 - ((1 - nearEnd) * nearEnd) / part
  }

  #tell(fraction: number): void {
    this.#told = Math.min(1, Math.max(this.#told, fraction))
    this.#request.tell(this.#told)
  }
}
