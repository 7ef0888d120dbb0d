/** All commands by name. A command's code is loaded when it is called, so that the help and small commands start at once. */
import type { BatchTask } from '../batch/tasks.js'
import type { AnyCommand } from './command.js'

export interface Entry {
  /** One word or several. */
  name: string
  summary: string
  load(): Promise<AnyCommand>
}

export interface Section {
  title: string
  entries: readonly Entry[]
}

const tasks: Readonly<Record<BatchTask, string>> = {
  generate: 'Draw and rank candidates for each row of a file: codes and scores',
  speak: 'Speak each row of a file: a sound and its score',
  score: 'Score the recording, or the codes, of each row of a file against its text',
  embed: 'Compute the embedding of the codes, the recording or the text of each row of a file',
  encode: 'Compute the codes of the recording of each row of a file',
}

const speech: readonly Entry[] = [
  {
    name: 'speak',
    summary: 'Speak a text in a voice: draw candidates, rank them, and make sound of the best',
    load: async () => (await import('./commands/speak.js')).speak,
  },
  {
    name: 'serve',
    summary: "Serve models over HTTP: OpenAI's speech API, voices, candidates, scores, and a page to listen",
    load: async () => (await import('./commands/serve.js')).serveCommand(),
  },
  {
    name: 'voice',
    summary: 'Make a voice from clips and save it, for --voice of clvp generate; or examine clips',
    load: async () => (await import('./commands/voice.js')).voice,
  },
]

const ranking: readonly Entry[] = [
  {
    name: 'generate',
    summary: 'Draw speech-token candidates for a text in a voice and rank them, best first',
    load: async () => (await import('./commands/generate.js')).generate,
  },
  {
    name: 'preview',
    summary: 'Write a rough rendering of speech codes, with a model that has a codebook',
    load: async () => (await import('./commands/preview.js')).preview,
  },
  {
    name: 'rank',
    summary: 'Score rows of codes against a text, best first',
    load: async () => (await import('./commands/rank.js')).rank,
  },
  {
    name: 'score',
    summary: 'Score recordings against a text, or find which text each recording says',
    load: async () => (await import('./commands/score.js')).score,
  },
  {
    name: 'embed',
    summary: 'Print the normalised embedding of a text, or of rows of codes',
    load: async () => (await import('./commands/embed.js')).embed,
  },
  {
    name: 'explain',
    summary:
      'Show how a text is read: its spoken form, each change, dropped characters, its tokens, the remaining room',
    load: async () => (await import('./commands/explain.js')).explain,
  },
]

const batches: readonly Entry[] = [
  ...taskEntries('batch', (_, summary) => summary),
  {
    name: 'batch status',
    summary: 'Show how far a run is, or what a queue holds: rows, errors, shards at work, workers',
    load: async () => (await import('./commands/batch.js')).status,
  },
  {
    name: 'batch merge',
    summary: 'Print all records of a run in the order of the input, or write them to a file',
    load: async () => (await import('./commands/batch.js')).merge,
  },
  ...taskEntries(
    'batch submit',
    (task) => `Hand out the shards of a run of batch ${task} to the workers of a queue`,
  ),
  {
    name: 'batch work',
    summary: 'Run shards of a queue until it is stopped',
    load: async () => (await import('./batch/queue_commands.js')).work,
  },
  {
    name: 'batch retry',
    summary: 'Send the failed shards of a queue again',
    load: async () => (await import('./batch/queue_commands.js')).retry,
  },
]

const models: readonly Entry[] = [
  {
    name: 'pull',
    summary: 'Fetch a model from the Hugging Face hub and convert it',
    load: async () => (await import('./commands/pull.js')).pull,
  },
  {
    name: 'cache list',
    summary: 'List the converted models in the cache, last used first',
    load: async () => (await import('./commands/cache.js')).list,
  },
  {
    name: 'cache prune',
    summary: 'Remove converted models that no load will use again',
    load: async () => (await import('./commands/cache.js')).prune,
  },
  {
    name: 'convert',
    summary: "Convert a checkpoint, transformers' or tortoise's, to one GGUF file",
    load: async () => (await import('./commands/convert.js')).convert,
  },
  {
    name: 'quantize',
    summary: 'Write a copy of a model file with smaller weights',
    load: async () => (await import('./commands/quantize.js')).quantize,
  },
  {
    name: 'inspect',
    summary: "Show a model file's keys and tensors; reads only its header",
    load: async () => (await import('./commands/inspect.js')).inspect,
  },
  {
    name: 'verify',
    summary: 'Read a whole model file and list its faults',
    load: async () => (await import('./commands/verify.js')).verify,
  },
  {
    name: 'calibrate',
    summary: "Find the columns of a model's matrices that matter, for --calibration of convert and quantize",
    load: async () => (await import('./commands/calibrate.js')).calibrate,
  },
  {
    name: 'compare',
    summary: 'Report how well model B, a smaller type of the same checkpoint, replaces model A',
    load: async () => (await import('./commands/compare.js')).compare,
  },
]

const machine: readonly Entry[] = [
  {
    name: 'bench',
    summary: 'Measure how fast models draw on this machine, and recommend settings; or estimate their memory',
    load: async () => (await import('./commands/bench.js')).bench,
  },
  {
    name: 'devices',
    summary: 'List the devices that this build can compute on, best first',
    load: async () => (await import('./commands/doctor.js')).devices,
  },
  {
    name: 'doctor',
    summary: 'Show what was loaded on this machine, and what is wrong with it',
    load: async () => (await import('./commands/doctor.js')).doctor,
  },
  {
    name: 'build',
    summary: 'Build the addon on this machine, from the sources in the package',
    load: async () => (await import('./commands/build.js')).build,
  },
  {
    name: 'completion',
    summary: 'Print a script with which a shell completes commands, flags and their values',
    load: async () => (await import('./commands/completion.js')).completion,
  },
]

export const sections: readonly Section[] = [
  { title: 'Speech', entries: speech },
  { title: 'Candidates and scores', entries: ranking },
  { title: 'Corpora', entries: batches },
  { title: 'Model files', entries: models },
  { title: 'This machine', entries: machine },
]

export const entries: readonly Entry[] = sections.flatMap((section) => section.entries)

/** What commands with the same first words do together. */
export const families: Readonly<Record<string, string>> = {
  batch: 'Run a task for each row of a file, on one machine or many; goes on where it stopped',
  'batch submit': 'Hand out the shards of a run to the workers of a queue',
  cache: 'List or remove the converted models that loads have left on this machine',
}

function taskEntries(first: string, summarize: (task: BatchTask, summary: string) => string): Entry[] {
  return Object.entries(tasks).map(([name, summary]) => {
    const task = name as BatchTask
    const isRemote = first === 'batch submit'
    return {
      name: `${first} ${task}`,
      summary: summarize(task, summary),
      load: async () =>
        isRemote
          ? (await import('./batch/queue_commands.js')).submitCommand(task)
          : (await import('./commands/batch.js')).taskCommand(task),
    }
  })
}

/** Most words of a command's name. */
const mostWords = 3

/** The command that the arguments begin with, and the arguments behind it. */
export function findEntry(words: readonly string[]): { entry: Entry; argv: readonly string[] } | undefined {
  for (let count = Math.min(mostWords, words.length); count >= 1; count--) {
    const name = words.slice(0, count).join(' ')
    const entry = entries.find((each) => each.name === name)
    if (entry) return { entry, argv: words.slice(count) }
  }
  return undefined
}

/** The longest name of a family that the arguments begin with; '' if there is none. */
export function familyOf(words: readonly string[]): string {
  for (let count = Math.min(mostWords, words.length); count >= 1; count--) {
    const name = words.slice(0, count).join(' ')
    if (Object.hasOwn(families, name)) return name
  }
  return ''
}

/** The words that may follow a family's name, with what they do. For '': all first words. */
export function membersOf(
  family: string,
  among: readonly Entry[] = entries,
): [word: string, summary: string][] {
  const start = family === '' ? '' : `${family} `
  const members = new Map<string, string>()
  for (const { name, summary } of among.filter((each) => each.name.startsWith(start))) {
    const [word] = name.slice(start.length).split(' ')
    const inner = families[`${start}${word}`]
    members.set(word!, inner ?? summary)
  }
  return [...members]
}
