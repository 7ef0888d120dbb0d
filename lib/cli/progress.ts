import { Presets, SingleBar } from 'cli-progress'

/** One progress bar on stderr, for one stage after the other; silent unless stderr is a terminal. */
export class ProgressBar {
  readonly #shown = process.stderr.isTTY === true
  #bar: SingleBar | undefined
  #stage = ''

  update(stage: string, fraction: number, note = ''): void {
    if (!this.#shown) return
    if (stage !== this.#stage) {
      this.stop()
      this.#stage = stage
      const format = `${stage.padEnd(8)} {bar} {percentage}% {duration_formatted} {note}`
      this.#bar = new SingleBar({ format, clearOnComplete: true, hideCursor: true }, Presets.shades_classic)
      this.#bar.start(100, 0, { note })
    }
    this.#bar?.update(Math.round(100 * fraction), { note })
  }

  stop(): void {
    this.#bar?.stop()
    this.#bar = undefined
    this.#stage = ''
  }
}
