/** Plays one sound at a time, and moves a line over its picture. */
export class Player {
  #audio = new Audio()
  #playing

  constructor() {
    this.#audio.addEventListener('ended', () => this.stop())
  }

  /** @param item `url`, and `onState(isPlaying, share)` */
  async toggle(item) {
    if (this.#playing === item) return this.stop()
    this.stop()
    this.#playing = item
    this.#audio.src = item.url
    await this.#audio.play()
    this.#follow(item)
  }

  stop() {
    this.#audio.pause()
    this.#playing?.onState(false, 0)
    this.#playing = undefined
  }

  #follow(item) {
    if (this.#playing !== item) return
    const { currentTime, duration } = this.#audio
    item.onState(true, duration > 0 ? currentTime / duration : 0)
    requestAnimationFrame(() => this.#follow(item))
  }
}
