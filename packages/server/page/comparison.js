/** Two candidates that play together, of which one is heard. */
import { find } from './element.js'

export class Comparison {
  #sides = [new Audio(), new Audio()]
  #filled = 0
  #heard = 0

  constructor() {
    find('compare-play').addEventListener('click', () => this.#toggle())
    find('side-a').addEventListener('click', () => this.#hear(0))
    find('side-b').addEventListener('click', () => this.#hear(1))
    find('compare-end').addEventListener('click', () => this.close())
    for (const side of this.#sides) side.addEventListener('ended', () => this.#show())
  }

  /** The first two are A and B; a third takes the place of the one that is not heard. */
  add(url, name) {
    const place = this.#filled < 2 ? this.#filled++ : 1 - this.#heard
    this.#sides[place].src = url
    find(place === 0 ? 'name-a' : 'name-b').textContent = name
    find('compare').hidden = false
    find('side-b').disabled = this.#filled < 2
    this.#pause()
    this.#hear(place)
  }

  close() {
    this.#pause()
    this.#filled = 0
    for (const id of ['name-a', 'name-b']) find(id).textContent = ''
    find('compare').hidden = true
  }

  #hear(place) {
    this.#heard = place
    for (const [i, side] of this.#sides.entries()) side.muted = i !== place
    for (const [i, id] of ['side-a', 'side-b'].entries())
      find(id).setAttribute('aria-pressed', String(i === place))
  }

  async #toggle() {
    const used = this.#sides.slice(0, this.#filled)
    if (used.some(({ paused }) => !paused)) return this.#pause()
    for (const side of used) side.currentTime = 0
    await Promise.all(used.map((side) => side.play()))
    this.#show()
  }

  #pause() {
    for (const side of this.#sides) side.pause()
    this.#show()
  }

  #show() {
    const isPlaying = this.#sides.some(({ paused, ended }) => !paused && !ended)
    find('compare-play').textContent = isPlaying ? 'Stop' : 'Play'
  }
}
