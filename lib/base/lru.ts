/** Keeps a fixed number of results by key, and evicts the least recently used. */
export class LruCache<V> {
  readonly #most: number
  readonly #held = new Map<string, V>() // in the order of use

  constructor(most: number) {
    this.#most = most
  }

  get(key: string): V | undefined {
    const value = this.#held.get(key)
    if (value !== undefined) this.set(key, value)
    return value
  }

  set(key: string, value: V): void {
    this.#held.delete(key)
    this.#held.set(key, value)
    if (this.#held.size > this.#most) this.#held.delete(this.#held.keys().next().value!)
  }
}
