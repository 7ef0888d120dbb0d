// Flags follow from the tables of options: their names, their help, and how their values are read.
import t from 'tap'
import { integer } from '../../dist/lib/base/kinds.js'
import { namesOf, optionTable } from '../../dist/lib/base/options.js'
import { flagsOf, readFlags } from '../../dist/lib/cli/flags.js'
import { helpOf } from '../../dist/lib/cli/help.js'
import { parse } from '../../dist/lib/cli/parser.js'
import { generateTable } from '../../dist/lib/clvp/generate_options.js'
import { loadTable } from '../../dist/lib/loading/load_options.js'
import { speakTable } from '../../dist/lib/speech/speak_options.js'

const table = { ...loadTable, ...generateTable, maxMemory: loadTable.maxMemory }
const usage = (shown) => ({ args: '', examples: [], flags: { Drawing: flagsOf(shown) } })
const command = usage(table)
const read = (...argv) => readFlags(parse(command, argv), table)

t.test('an option with a line of help has a flag, another has none', async (t) => {
  const one = optionTable({
    aBigNumber: { kind: integer(1, 9), help: 'a number', short: 'b' },
    other: { kind: integer(1, 2) },
  })
  t.same(flagsOf(one), { 'a-big-number': { value: 'N', short: 'b', help: 'a number (1 to 9)' } })
  for (const name of namesOf(table)) {
    const { help, flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`) } = table[name]
    t.equal(Object.hasOwn(command.flags.Drawing, flag), help !== undefined, name)
  }
})

t.test('the help states ranges and defaults', async (t) => {
  const help = helpOf('try', 'Try', command, { columns: 100, isColoured: false }).replace(/\s+/g, ' ')
  for (const line of [
    '--pad-to N pad rows to N codes before ranking, as tortoise does with 500 (0 to 4,096; default: 0)',
    "-n, --candidates N number of candidates (1 to 65,536; default: the preset's, or 16)",
    '--early-stopping WHEN end a beam search early (yes, no or never; default: no)',
    '--scores WHICH scores to compute; rank: only the ranking score (all, rank or none; default: all)',
    '--threads N CPU threads (1 to 512; default: the physical cores)',
    '--mmap map the model file into memory; the file must not change meanwhile',
  ]) {
    t.ok(help.includes(` ${line} `), line)
  }
})

t.test('values are read as their kinds', async (t) => {
  t.same(read(), {})
  t.same(read('--seed', '5', '--length-penalty=-0.5'), { seed: 5, lengthPenalty: -0.5 })
  t.same(read('--batch-size', 'auto'), { batchSize: 'auto' })
  t.same(read('--batch-size', '8'), { batchSize: 8 })
  t.same(read('--early-stopping', 'no', '--scores', 'rank'), { earlyStopping: false, scores: 'rank' })
  t.same(read('--max-memory', '1.5'), { maxMemory: 1.5e6 })
  t.same(read('--part', 'ranker', '--part', 'decoder'), { parts: ['ranker', 'decoder'] })
  t.same(read('--mmap', '--deterministic', '--device', 'cpu'), {
    mmap: true,
    deterministic: true,
    device: 'cpu',
  })
})

t.test('a text that is no value of the kind is an error', async (t) => {
  t.throws(() => read('--seed', 'x'), { message: "--seed takes a number, not 'x'" })
  t.throws(() => read('--batch-size', 'toString'), { message: "--batch-size takes a number, not 'toString'" })
  t.throws(() => read('--early-stopping', 'true'), {
    message: "--early-stopping takes one of yes, no, never, not 'true'",
  })
  t.throws(() => read('--scores', 'constructor'), { message: /--scores takes one of all, rank, none/ })
})

t.test('an option that is a table has a flag for each of its rows', async (t) => {
  const { gates, split } = speakTable
  const nested = { gates, split }
  const given = (...argv) => readFlags(parse(usage(nested), argv), nested)
  t.same(given(), {})
  t.same(given('--split-mode', 'tortoise', '--split-max', '250'), { split: { mode: 'tortoise', max: 250 } })
  t.same(given('--gate-silence', '2.5', '--gate-score', 'off'), { gates: { silence: 2.5, score: false } })
  t.same(given('--gate-stop', 'off'), { gates: { stop: false } })
  t.same(given('--gates', 'off'), { gates: false })
  t.throws(() => given('--gates', 'off', '--gate-stop', 'on'), {
    message: '--gate-stop does not go with --gates',
  })
  t.throws(() => given('--gates', 'on'), { message: "--gates takes one of off, not 'on'" })
  t.throws(() => given('--gate-stop', 'yes'), { message: "--gate-stop takes one of on, off, not 'yes'" })
  t.throws(() => given('--gate-silence', 'long'), { message: "--gate-silence takes a number, not 'long'" })
})
