/** A part of the text: its candidates while they are drawn, ranked, heard and chosen. */
import { element, icon } from './element.js'
import { draw, fromSamples, fromServer } from './picture.js'
import { decode } from './sound.js'

export class Part {
  /** The element that shows it. */
  root
  /** The candidate that the whole text takes. */
  chosen
  #list = element('ol', { class: 'candidates' })
  #facts = element('p', { class: 'facts' })
  #sounds
  #onChoose
  #onCompare
  #player

  /**
   * @param text what it says
   * @param tools `sounds(candidate)` fetches a WAV file; `player`; `onChoose()`; `onCompare(part, candidate)`
   */
  constructor(text, { sounds, player, onChoose, onCompare }) {
    this.text = text
    this.#sounds = sounds
    this.#player = player
    this.#onChoose = onChoose
    this.#onCompare = onCompare
    this.root = element('article', { class: 'part', 'aria-label': `Part: ${text.slice(0, 60)}` })
    this.root.append(element('p', { class: 'said' }, text), this.#facts, this.#list)
  }

  /** Shows how far each candidate has come. */
  progress(count, codes) {
    while (this.#list.children.length < count) {
      const bar = element('span', { class: 'bar' }, element('i'))
      const words = element('div', { class: 'score' }, element('span', {}, 'drawing'), bar)
      this.#list.append(element('li', { class: 'candidate' }, element('span'), words))
    }
    const most = Math.max(40, ...codes)
    for (const [i, row] of [...this.#list.children].entries()) {
      row.style.setProperty('--share', `${(100 * (codes[i] ?? 0)) / most}%`)
    }
    const ended = codes.filter(Boolean).length
    this.#facts.textContent = `${ended} of ${count} candidates begun`
  }

  /** Shows the ranked candidates, best first. */
  ranked({ data, normalized, seed }) {
    this.candidates = data
    this.chosen = data[0]
    const [high, low] = [data[0].score, data.at(-1).score]
    const longest = Math.max(...data.map(({ seconds }) => seconds))
    this.#list.replaceChildren(
      ...data.map((candidate, i) => {
        const share = high > low ? 12 + (88 * (candidate.score - low)) / (high - low) : 100
        return this.#row(candidate, i + 1, share, candidate.seconds / longest)
      }),
    )
    this.#facts.textContent = `Read as “${normalized}” · seed ${seed}`
    this.#mark()
  }

  /** Fetches a candidate's sound, once. */
  async sound(candidate) {
    candidate.sound ??= this.#sounds(candidate).catch((error) => {
      candidate.sound = undefined
      throw error
    })
    const blob = await candidate.sound
    candidate.url ??= URL.createObjectURL(blob)
    if (!candidate.samples) {
      candidate.samples = await decode(await blob.arrayBuffer())
      if (!candidate.mel && candidate.canvas) draw(candidate.canvas, fromSamples(candidate.samples))
    }
    return candidate
  }

  choose(candidate) {
    this.chosen = candidate
    this.#mark()
    this.#onChoose()
  }

  #mark() {
    for (const { row, choice } of this.candidates) {
      const isChosen = row === this.chosen.row
      row.classList.toggle('chosen', isChosen)
      choice.setAttribute('aria-pressed', String(isChosen))
    }
  }

  #row(candidate, rank, share, length) {
    const name = `candidate ${rank}`
    const play = element(
      'button',
      { type: 'button', class: 'play', 'aria-label': `Play ${name}` },
      icon('play'),
    )
    play.addEventListener('click', () => this.#play(candidate, play, name))
    const title = element('span', rank === 1 ? { class: 'best' } : {}, rank === 1 ? 'Best ' : `${rank}. `)
    const bar = element('span', { class: 'bar' }, element('i'))
    bar.firstChild.style.setProperty('--share', `${share}%`)
    const ending = candidate.finish_reason === 'stop' ? '' : ', cut off'
    const facts = element('div', { class: 'facts' }, `${candidate.seconds.toFixed(1)} s${ending}`)
    const score = element(
      'div',
      { class: 'score' },
      title,
      element('b', {}, candidate.score.toFixed(1)),
      bar,
      facts,
    )
    candidate.canvas = element('canvas', {
      role: 'img',
      'aria-label': `Spectrogram of ${name}, ${candidate.seconds.toFixed(1)} seconds`,
    })
    const picture = element('div', { class: 'picture' }, candidate.canvas, element('i'))
    picture.style.setProperty('--share', `${Math.max(10, 100 * length)}%`)
    if (candidate.mel) draw(candidate.canvas, fromServer(candidate.mel))
    candidate.row = element('li', { class: 'candidate' }, play, score, picture, this.#tools(candidate, name))
    return candidate.row
  }

  #tools(candidate, name) {
    candidate.choice = element(
      'button',
      {
        type: 'button',
        'aria-pressed': 'false',
        'aria-label': `Use ${name}`,
        title: 'Use it for the whole text',
        click: () => this.choose(candidate),
      },
      'Use',
    )
    const compare = element(
      'button',
      {
        type: 'button',
        'aria-label': `Compare ${name}`,
        title: 'Compare it with another',
        click: () => this.#onCompare(this, candidate, name),
      },
      icon('compare'),
    )
    const save = element(
      'button',
      {
        type: 'button',
        'aria-label': `Download ${name}`,
        title: 'Download',
        click: () => this.#save(candidate, name),
      },
      icon('save'),
    )
    return element('div', { class: 'tools' }, candidate.choice, compare, save)
  }

  async #play(candidate, button, name) {
    button.disabled = true
    try {
      await this.sound(candidate)
    } catch {
      return // it has been told
    } finally {
      button.disabled = false
    }
    candidate.item ??= {
      url: candidate.url,
      onState: (isPlaying, share) => {
        if (candidate.row.classList.toggle('playing', isPlaying) !== (button.dataset.playing === 'yes')) {
          button.dataset.playing = isPlaying ? 'yes' : 'no'
          button.replaceChildren(icon(isPlaying ? 'pause' : 'play'))
          button.setAttribute('aria-label', `${isPlaying ? 'Stop' : 'Play'} ${name}`)
        }
        candidate.row.style.setProperty('--place', `${100 * share}%`)
      },
    }
    await this.#player.toggle(candidate.item)
  }

  async #save(candidate, name) {
    try {
      await this.sound(candidate)
    } catch {
      return // it has been told
    }
    element('a', { href: candidate.url, download: `${name.replace(' ', '-')}.wav` }).click()
  }
}
