/** Results that may be asked for again, by what they were made of: as many as fit, the least recently used leaves first. */
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
