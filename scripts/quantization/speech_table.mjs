#!/usr/bin/env node
/**
 * A table of types for the stages that turn codes into sound: size, error of a stage's output, distance of the sound from F32's, and time.
 *
 *   node scripts/quantization/speech_table.mjs FOLDER|random [--types q8_0,q4_k] [--only hifigan,pass,p,ddim,vocoder] [--rounds 3]
 *        [--tensor-type PATTERN=TYPE] [--threads N] [--work DIR] [--write-docs NAME]
 *
 * FOLDER holds tortoise's files with those of the stages. `random` makes one of the published sizes, whose weights keep every signal near 1
 * and whose predicted noise follows the noisy frames. It and its F32 model take 3 GB in --work, and each type's file up to 0.7 GB in turn.
 * A type is that of all matrices of the stages, a mix what it makes of them; --tensor-type (repeatable) changes some. All types get the same
 * input and the same noise. Times are of shorter runs, in turn with F32's; medians of --rounds ratios.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { isWeightType } from '../../dist/lib/addon/weight_types.js'
import { convertFolder, inspectModel } from '../../dist/lib/index.js'
import { publishedSize } from '../../test/helpers/speech_case.js'
import { writeSpeechCase } from '../../test/helpers/speech_models.js'
import { writeDocs } from './page.mjs'
import { measure, openStages, runs } from './speech_effects.mjs'

/** What the names of a stage's tensors begin with. */
const prefixes = { hifigan: 'hifigan.', diffusion: 'diff.', vocoder: 'vocoder.' }

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    types: { type: 'string', default: 'f16,bf16,q8_0,q6_k,q5_k,q4_k' },
    only: { type: 'string', default: runs.map(({ key }) => key).join(',') },
    rounds: { type: 'string', default: '3' },
    'tensor-type': { type: 'string', multiple: true, default: [] },
    threads: { type: 'string' },
    work: { type: 'string', default: tmpdir() },
    'write-docs': { type: 'string' },
  },
})
const [source] = positionals
if (source === undefined) throw new Error('which checkpoint? See the comment at the top')
const tensorTypes = options['tensor-type'].map((pair) => pair.split('='))
// Spectrograms become sound by the vocoder, and its mel features need the diffusion stage.
const parts = ['hifigan', 'diffusion', 'vocoder']
const wanted = runs.filter(({ key }) => options.only.split(',').includes(key))
const threads = options.threads && Number(options.threads)

/** Bytes of each stage's tensors. */
async function sizesOf(file) {
  const { tensors } = await inspectModel(file)
  const sum = (prefix) =>
    tensors.filter(({ name }) => name.startsWith(prefix)).reduce((total, { bytes }) => total + bytes, 0)
  return Object.fromEntries(Object.entries(prefixes).map(([stage, prefix]) => [stage, sum(prefix)]))
}

/** One row for each run and type. */
async function measureAll(folder, work) {
  const exact = join(work, 'f32.gguf')
  await convertFolder(folder, exact, { type: 'f32' })
  const reference = await openStages(exact, { parts, threads })
  const answers = []
  for (const run of wanted) answers.push(await run.answer(reference))
  const bytes = await sizesOf(exact)
  const rows = wanted.map((run) => ({ run, type: 'f32', bytes: bytes[run.stage] }))
  for (const type of options.types.split(',')) {
    const file = join(work, 'x.gguf')
    // Types of a few bits would keep what makes sound larger.
    const whole = isWeightType(type) ? [['{hifigan,vocoder}.*.weight', type]] : []
    await convertFolder(folder, file, { type, tensorTypes: [...whole, ...tensorTypes] })
    const bytes = await sizesOf(file)
    const found = await openStages(file, { parts, threads })
    for (const [i, run] of wanted.entries()) {
      const result = await measure(run, {
        reference,
        found,
        expected: answers[i],
        rounds: Number(options.rounds),
      })
      rows.push({ run, type, bytes: bytes[run.stage], ...result })
      console.error(`measured ${type}, ${run.name}: ${JSON.stringify(result)}`)
    }
    await found.dispose()
  }
  await reference.dispose()
  return rows
}

function table(rows) {
  const heading = ['stage', 'type', 'MB', 'error', 'mel L1', 'largest difference of samples', 'time / F32']
  const cells = wanted.flatMap((run) =>
    rows
      .filter((row) => row.run === run)
      .map(({ type, bytes, error, mel, largest, time }) => [
        run.name,
        `\`${type}\``,
        (bytes / 1e6).toFixed(1),
        error === undefined ? '' : `${(100 * error).toFixed(2)} %`,
        mel?.toFixed(4) ?? '',
        largest?.toPrecision(2) ?? '',
        time?.toFixed(2) ?? '',
      ]),
  )
  return [heading, heading.map(() => '---'), ...cells].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

const work = mkdtempSync(join(options.work, 'clvp-speech-types-'))
try {
  const folder = source === 'random' ? join(work, 'random') : source
  if (source === 'random') writeSpeechCase(publishedSize, folder)
  const text = table(await measureAll(folder, work))
  console.log(text)
  if (options['write-docs']) writeDocs(options['write-docs'], text)
} finally {
  rmSync(work, { recursive: true })
}
