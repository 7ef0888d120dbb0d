/** The flags of `clvp batch TASK`, and what they stand for. */

import { depthTable } from '../../audio/output/encode_sound.js'
import type { Voice } from '../../audio/voice.js'
import type { Table } from '../../base/options.js'
import type { Columns } from '../../batch/input/row.js'
import type { PartFormat } from '../../batch/parts.js'
import { partFormats } from '../../batch/parts.js'
import type { BatchTask } from '../../batch/tasks.js'
import { soundFormatTable, taskKinds } from '../../batch/tasks.js'
import { readingTable } from '../../clvp/call_options.js'
import { Clvp } from '../../clvp/clvp.js'
import { loadTable } from '../../loading/load_options.js'
import { partTable } from '../../speech/part_options.js'
import { soundTable } from '../../speech/speak_options.js'
import { type Arguments, type Command, type Context, type Flag, type Flags, UsageError } from '../command.js'
import { readVoice } from '../commands/voice.js'
import { flagsOf, readFlags } from '../flags.js'
import { drawingMachineFlags, isDemo, machineFlags, partFlags } from '../model.js'

/** Options of loading that change no result. */
const free = ['threads', 'maxMemory', 'mmap']

const modelFlag: Flag = {
  value: 'MODEL',
  short: 'm',
  help: "a .gguf file, a folder with a checkpoint, or 'demo'",
}

export const runFlags: Flags = {
  out: {
    value: 'OUT',
    short: 'o',
    help: 'the folder of the run: a second call goes on where the first stopped',
  },
  seed: {
    value: 'N',
    help: 'seed of the run; that of a row follows from it and the id (default: random, and kept)',
  },
  'shard-rows': {
    value: 'N',
    help: 'rows of a shard, which is written as one part (1 to 65,536; default: 256)',
  },
  format: {
    value: 'FORMAT',
    help: `format of the parts: ${partFormats.join(' or ')} (default: jsonl)`,
    words: partFormats,
  },
  column: {
    value: 'FIELD=NAME',
    multiple: true,
    help: 'name of the column that holds a field, e.g. text=sentence; repeatable',
  },
}

export const workFlags: Flags = {
  concurrency: {
    value: 'N',
    help: "rows at work together (1 to 256; default: what fills the model's batch)",
  },
  shard: {
    value: 'I/N',
    help: 'run every n-th shard only, from the i-th on: for machines that share no folder',
  },
  limit: { value: 'N', help: 'only the first N rows of the input' },
  'retry-failed': { help: 'run rows again whose record is an error' },
  'dry-run': { help: 'write nothing: check all settings, run some rows, and estimate the time' },
}

const voiceFlag: Flag = {
  value: 'PATH',
  multiple: true,
  help: "the voice of rows that name none: a clip, a folder of clips, or a voice saved by 'clvp voice'; repeatable",
}

/** Flags of a task, without those of the run. */
export function taskFlags(task: BatchTask) {
  const { columns, options } = taskKinds[task]
  const takesVoice = columns.includes('voice')
  const sound = pickFlags({ ...soundTable, ...depthTable, ...soundFormatTable }, options)
  const text = pickFlags(partTable, options)
  const input = pickFlags(readingTable, options)
  const others = Object.keys({ ...sound, ...text, ...input })
  const drawing = Object.entries(flagsOf(options)).filter(([name]) => !others.includes(name))
  return {
    Input: input,
    ...(takesVoice && { Voice: { voice: voiceFlag } }),
    Drawing: Object.fromEntries(drawing),
    Text: text,
    Sound: sound,
    Model: { model: modelFlag, ...partFlags },
    Machine: takesVoice ? drawingMachineFlags : machineFlags,
  } satisfies Command['flags']
}

/** The flags of those options of a table that a task has. */
function pickFlags(table: Table, options: Table): Flags {
  return flagsOf(Object.fromEntries(Object.entries(table).filter(([name]) => Object.hasOwn(options, name))))
}

/** A whole number of a flag. */
export function count(args: Arguments, name: string, max: number): number | undefined {
  const value = args.number(name)
  if (value === undefined || (Number.isInteger(value) && value >= 1 && value <= max)) return value
  throw new UsageError(`--${name} takes a whole number from 1 to ${max}, not ${value}`)
}

export function needFlag(args: Arguments, name: string, what: string): string {
  const value = args.text(name)
  if (value !== undefined && value !== '') return value
  throw new UsageError(`--${name} is missing: name ${what}`)
}

/** What the flags say of the run itself. */
export function readRun(args: Arguments, task: BatchTask) {
  const seed = args.number('seed')
  if (seed !== undefined && !(Number.isSafeInteger(seed) && seed >= 0)) {
    throw new UsageError(`--seed takes a whole number from 0 to 2^53 - 1, not ${args.text('seed')}`)
  }
  const words = Object.fromEntries(partFormats.map((each) => [each, each])) as Record<PartFormat, PartFormat>
  const load = Object.entries(readFlags(args, loadTable)).filter(([name]) => !free.includes(name))
  return {
    seed,
    shardRows: count(args, 'shard-rows', 65_536),
    parts: args.choice('format', words),
    columns: readColumns(args, task),
    settings: readFlags(args, taskKinds[task].options) as Record<string, unknown>,
    load: Object.fromEntries(load),
  }
}

function readColumns(args: Arguments, task: BatchTask): Columns {
  const known: readonly string[] = taskKinds[task].columns
  const pairs = args.texts('column').map((text) => {
    const [, field, name] = /^([^=]+)=(.+)$/.exec(text) ?? []
    if (field !== undefined && known.includes(field)) return [field, name]
    throw new UsageError(`--column takes FIELD=NAME with one of ${known.join(', ')}, not '${text}'`)
  })
  return Object.fromEntries(pairs)
}

/** The voice of rows that name none. The demo model has one. */
export async function readRunVoice(
  clvp: Clvp,
  args: Arguments,
  context: Context,
  task: BatchTask,
): Promise<Voice | undefined> {
  if (!taskKinds[task].columns.includes('voice')) return undefined
  const clips = args.texts('voice')
  if (clips.length > 0) return readVoice(clvp, clips, context)
  return isDemo(args.text('model') ?? '') ? clvp.voice(Clvp.demoVoice) : undefined
}

export function readShare(args: Arguments): { index: number; count: number } | undefined {
  const given = args.text('shard')
  if (given === undefined) return undefined
  const [, index, n] = /^(\d+)\/(\d+)$/.exec(given) ?? []
  const share = { index: Number(index), count: Number(n) }
  if (share.index >= 1 && share.index <= share.count && share.count <= 65_536) return share
  throw new UsageError(`--shard takes I/N with I from 1 to N, such as 1/4, not '${given}'`)
}
