import { writeWhole } from '../../base/files.js'
import { comparedTable, compareModels, compareTable } from '../../quality/compare.js'
import { comparisonPlot } from '../../quality/comparison_plot.js'
import type { BehaviourComparison, ModelComparison, TensorComparison } from '../../quality/report.js'
import { sampleTable } from '../../quality/samples.js'
import type { Command } from '../command.js'
import { flagsOf, readFlags } from '../flags.js'
import { modelSource } from '../model.js'
import { needOutput, OutputFiles } from '../output_files.js'
import { readTexts, readVoices, textsFlags } from '../samples.js'
import { megabytes, peakRss, table } from '../table.js'

/** Number of tensors in the table without --tensors: those with the largest errors. */
const shown = 8

export const compare: Command = {
  args: 'A B',
  details:
    "A and B are .gguf files, which are verified first; or checkpoint folders or hub ids, which are converted to f32; or demo. The report has the errors of each tensor and, on texts (default: eight sentences, 8 candidates each), the KL divergence of the decoders along candidates that A draws, the cosines of embeddings, and the agreement of both rankings of A's candidates. Both models are in memory at the same time.",
  examples: ['clvp-f32.gguf clvp-q8_0.gguf --plot errors.svg'],
  flags: {
    Input: textsFlags,
    Drawing: { ...flagsOf(compareTable), ...flagsOf(sampleTable) },
    Output: {
      tensors: { help: 'list every tensor' },
      plot: { value: 'FILE.svg', help: 'plot the errors and the KL divergence' },
    },
    Machine: flagsOf(comparedTable),
  },
  async run(args, context) {
    const [a, b] = [modelSource(args.positional(0, 'A')), modelSource(args.positional(1, 'B'))]
    const [file, plot] = [args.text('texts'), args.text('plot')]
    if (plot !== undefined) await needOutput('--plot', plot, '.svg')
    const texts = file === undefined ? undefined : await readTexts(file)
    const voices = await readVoices(args)
    const found = await compareModels(a, b, {
      ...(texts && { texts }),
      ...(voices && { voices }),
      ...readFlags(args, compareTable),
      ...readFlags(args, sampleTable),
      ...readFlags(args, comparedTable),
      signal: context.signal,
      onProgress: ({ stage, fraction }) => context.progress(stage, fraction),
    })
    const files = new OutputFiles()
    await files.write(plot, (path) => writeWhole(path, comparisonPlot(found)))
    const json = { ...found, peakRssBytes: peakRss() }
    return files.tell({ text: toText(json, args.flag('tensors')), json })
  },
}

function toText(found: ModelComparison & { peakRssBytes: number }, all: boolean): string {
  const { a, b, tensors, behaviour, failure, memoryBytes, samples, peakRssBytes } = found
  const models = [a, b].map(({ path, type, bytes }, i) => ['AB'.charAt(i), type, megabytes(bytes), path])
  const { texts, voices, candidates } = samples
  return [
    table([['model', 'type', 'size', 'file'], ...models]),
    tensorTable(tensors, all),
    behaviour
      ? behaviourTable(behaviour)
      : `Model ${failure?.model.toUpperCase()} produced NaN or infinite values: ${failure?.message}`,
    `${texts} texts, ${voices} voices, ${candidates} candidates each; weights in memory ${megabytes(memoryBytes)}, peak memory ${megabytes(peakRssBytes)}`,
  ].join('\n\n')
}

function tensorTable(tensors: readonly TensorComparison[], all: boolean): string {
  const size = ({ relativeError }: TensorComparison) => relativeError ?? Number.POSITIVE_INFINITY
  const worst = tensors.filter((each) => size(each) > 0).sort((left, right) => size(right) - size(left))
  const list = all ? tensors : worst.slice(0, shown)
  const summary = `${tensors.length - worst.length} of ${tensors.length} tensors are equal`
  if (list.length === 0) return summary
  const rows = list.map(({ name, types, relativeError, maxError, cosine }) => [
    name,
    types.a,
    types.b,
    figure(relativeError),
    figure(maxError),
    cosine === null ? '-' : cosine.toFixed(6),
  ])
  const head = ['tensor', 'in A', 'in B', 'relative error', 'largest', 'cosine']
  const rest =
    all || worst.length <= shown ? summary : `${summary}; the ${shown} worst of the others (--tensors: all)`
  return `${rest}:\n\n${table([head, ...rows])}`
}

function behaviourTable({ decoder, embeddings, ranking }: BehaviourComparison): string {
  const { kl, positions, sameLikeliest } = decoder
  const { text, speech, conditioning } = embeddings
  const near = ({ mean, min }: { mean: number; min: number }) =>
    `${mean.toFixed(6)} (least ${min.toFixed(6)})`
  return table([
    ['measured', 'found'],
    [`KL divergence of the next code, ${positions} positions, nats`, ''],
    ['  mean', figure(kl.mean)],
    ['  p99', figure(kl.p99)],
    ['  largest', figure(kl.max)],
    ['same likeliest code', percent(sameLikeliest)],
    ['cosine of text embeddings', near(text)],
    ['cosine of speech embeddings', near(speech)],
    ['cosine of conditioning vectors', near(conditioning)],
    [
      `Kendall's tau of rankings, ${ranking.texts} texts`,
      ranking.kendallTau === null ? '-' : ranking.kendallTau.toFixed(4),
    ],
    ['same best candidate', percent(ranking.sameBest)],
  ])
}

function figure(value: number | null): string {
  return value === null ? '-' : value === 0 ? '0' : value.toExponential(3)
}

function percent(part: number): string {
  return `${(100 * part).toFixed(1)} %`
}
