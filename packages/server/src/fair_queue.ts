/** A bounded queue that gives each client its turn. */

interface Waiter {
  client: string
  admit(): void
}

/** Thrown by enter() when as many wait as may. */
export class QueueFull extends Error {}

export class FairQueue {
  readonly #mostRunning: number
  readonly #mostWaiting: number
  readonly #running = new Map<string, number>()
  /** In the order in which the clients get their turns. */
  readonly #waiting = new Map<string, Waiter[]>()
  #runningCount = 0
  #waitingCount = 0

  constructor(mostRunning: number, mostWaiting: number) {
    this.#mostRunning = mostRunning
    this.#mostWaiting = mostWaiting
  }

  get running(): number {
    return this.#runningCount
  }

  get waiting(): number {
    return this.#waitingCount
  }

  /** Resolves when it is the client's turn, to a function that gives the place back. Rejects with the signal's reason, or QueueFull. */
  enter(client: string, signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const start = () => resolve(this.#start(client))
      if (this.#runningCount < this.#mostRunning) return start()
      if (this.#waitingCount >= this.#mostWaiting) return reject(new QueueFull())
      const leave = () => {
        this.#remove(waiter)
        reject(signal.reason)
      }
      const waiter: Waiter = {
        client,
        admit: () => {
          signal.removeEventListener('abort', leave)
          start()
        },
      }
      signal.addEventListener('abort', leave, { once: true })
      this.#waiting.set(client, [...(this.#waiting.get(client) ?? []), waiter])
      this.#waitingCount++
    })
  }

  #start(client: string): () => void {
    this.#runningCount++
    this.#running.set(client, (this.#running.get(client) ?? 0) + 1)
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      this.#runningCount--
      const left = this.#running.get(client)! - 1
      if (left > 0) this.#running.set(client, left)
      else this.#running.delete(client)
      this.#admitNext()
    }
  }

  /** The next place is for the client that has the fewest; among equals for the one whose last turn is longest ago. */
  #admitNext(): void {
    const places = (client: string) => this.#running.get(client) ?? 0
    let next: string | undefined
    for (const client of this.#waiting.keys()) {
      if (next === undefined || places(client) < places(next)) next = client
    }
    if (next === undefined) return
    const waiter = this.#waiting.get(next)![0]!
    this.#remove(waiter)
    const others = this.#waiting.get(next)
    if (others) {
      this.#waiting.delete(next)
      this.#waiting.set(next, others)
    }
    waiter.admit()
  }

  #remove(waiter: Waiter): void {
    const others = this.#waiting.get(waiter.client)!.filter((each) => each !== waiter)
    if (others.length > 0) this.#waiting.set(waiter.client, others)
    else this.#waiting.delete(waiter.client)
    this.#waitingCount--
  }
}
