/** The options of work that writes a model file: how it runs, with no effect on the file. */
import { abortSignal, callback, threads } from '../lib/base/kinds.js'
import { optionTable } from '../lib/base/options.js'

export const workTable = optionTable({
  /** Threads, 1 to 512; default: the physical cores that the process may use. The file does not depend on the number. */
  threads: {
    kind: threads,
    defaultText: 'the physical cores',
    help: 'CPU threads; no effect on the file',
  },
  /** Called with the fraction done, 0 to 1. */
  onProgress: { kind: callback<(fraction: number) => void>() },
  /** Stops the work and removes its temporary files. */
  signal: { kind: abortSignal() },
})
