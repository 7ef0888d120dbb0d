import { writeWhole } from '../../base/files.js'
import { Clvp } from '../../clvp/clvp.js'
import {
  type GenerateOptions,
  prefixPositions,
  presetNames,
  scoreKinds,
} from '../../clvp/generate_options.js'
import type { Candidate, GenerateResult, Timings } from '../../clvp/result.js'
import { type Command, UsageError } from '../command.js'
import { isDemo, modelFlags, withModel } from '../model.js'
import { heardCandidate, needCodebook, writePlot, writeSound } from '../sound.js'
import { megabytes, peakRss, table } from '../table.js'
import { readVoice } from './voice.js'

const numbers = {
  candidates: 'candidates',
  seed: 'seed',
  temperature: 'temperature',
  'top-k': 'topK',
  'top-p': 'topP',
  'min-p': 'minP',
  'typical-p': 'typicalP',
  'repetition-penalty': 'repetitionPenalty',
  'max-tokens': 'maxTokens',
  'pad-to': 'padTo',
  keep: 'keep',
  'batch-size': 'batchSize',
  beams: 'beams',
  'length-penalty': 'lengthPenalty',
} as const

/** Number of the best candidates that --plot draws. */
const plotted = 4

const endings = { yes: true, no: false, never: 'never' } as const

export const generate: Command = {
  name: 'generate',
  args: 'MODEL TEXT',
  summary: 'Draw speech-token candidates for a text in a voice and rank them, best first',
  details:
    "MODEL is a .gguf file, a folder with a checkpoint, or 'demo' for the embedded model.\n" +
    'The first seconds of each voice clip (WAV, MP3, FLAC, Ogg Vorbis) are used; several clips are averaged.',
  flags: {
    voice: {
      value: 'FILE',
      multiple: true,
      help: "a clip or tortoise's .pth file, repeatable; or a voice saved by 'clvp voice'",
    },
    candidates: { value: 'N', short: 'n', help: "number of candidates (default: the preset's, or 16)" },
    preset: { value: 'NAME', help: `tortoise's number of candidates: ${presetNames.join(', ')}` },
    seed: { value: 'N', help: 'seed of the draws (default: a random one, which is printed)' },
    temperature: { value: 'X', help: 'divide the logits (default 0.8); 0 always takes the most likely code' },
    'top-k': { value: 'N', help: 'keep the N most likely codes (default 50; 0 keeps all)' },
    'top-p': { value: 'X', help: 'keep the most likely codes with this total probability (default 0.8)' },
    'min-p': { value: 'X', help: 'keep codes at least this fraction as likely as the likeliest (default 0)' },
    'typical-p': { value: 'X', help: 'keep the most typical codes with this total probability (default 1)' },
    'repetition-penalty': { value: 'X', help: 'divide the logits of codes already drawn (default 2)' },
    'max-tokens': { value: 'N', help: 'most codes of a candidate (default: 500, or the limit of the model)' },
    'pad-to': { value: 'N', help: 'pad rows to N codes before ranking, as tortoise does with 500' },
    keep: { value: 'N', help: 'number of the best candidates to print (default: all)' },
    'batch-size': {
      value: 'N',
      help: 'candidates decoded together (default: 16, or fewer with --max-memory)',
    },
    scores: { value: 'WHICH', help: 'all (default), rank (only the ranking score) or none' },
    beams: {
      value: 'N',
      help: 'search for the likeliest rows with N beams (sampled with --temperature)',
    },
    'length-penalty': {
      value: 'X',
      help: "divide a beam's likelihood by its length to this power (default 1)",
    },
    'early-stopping': { value: 'WHEN', help: 'end a beam search early: yes, no (default) or never' },
    deterministic: { help: 'draw bit-identical candidates for any --candidates, --batch-size and --threads' },
    'prefix-positions': {
      value: 'KIND',
      help: 'transformers (default), or cancelled, as in the training of tortoise',
    },
    out: { value: 'FILE', short: 'o', help: 'write the result as JSON to a file' },
    wav: {
      value: 'FILE',
      help: 'write a rough rendering of the best candidate, if the model has a codebook',
    },
    plot: {
      value: 'FILE.svg',
      help: 'plot the mels of the four best candidates, if the model has a codebook',
    },
    timings: { help: 'print the milliseconds of each stage and the peak memory' },
    ...modelFlags,
  },
  async run(args, context) {
    const model = args.positional(0, 'MODEL')
    const text = args.positional(1, 'TEXT')
    const clips = args.texts('voice')
    if (clips.length === 0 && !isDemo(model))
      throw new UsageError('--voice is missing: name a clip of the voice')
    const [out, wav, plot] = [args.text('out'), args.text('wav'), args.text('plot')]
    const preset = args.choice('preset', presetNames)
    const ending = args.choice('early-stopping', ['yes', 'no', 'never'])
    const scores = args.choice('scores', scoreKinds)
    const positions = args.choice('prefix-positions', prefixPositions)
    return withModel(model, args, context, async (clvp) => {
      if (wav !== undefined || plot !== undefined) await needCodebook(clvp)
      const voice = await readVoice(clvp, clips.length > 0 ? clips : [Clvp.demoVoice], context)
      const options: GenerateOptions = {
        voice,
        ...args.numbers(numbers),
        ...(preset !== undefined && { preset }),
        ...(args.flag('deterministic') && { deterministic: true }),
        ...(scores !== undefined && { scores }),
        ...(ending !== undefined && { earlyStopping: endings[ending] }),
        ...(positions !== undefined && { prefixPositions: positions }),
        signal: context.signal,
        onProgress: ({ stage, fraction }) => context.progress(stage, fraction),
      }
      const result = await clvp.generate(text, options)
      const json = toJson(result)
      if (out !== undefined) await writeWhole(out, `${JSON.stringify(json, null, 2)}\n`)
      const heard = result.candidates.map((each, i) => heardCandidate(each, i + 1))
      if (wav !== undefined) await writeSound(clvp, heard[0]!, wav, { signal: context.signal })
      if (plot !== undefined) await writePlot(clvp, heard.slice(0, plotted), plot)
      const lines = [candidateTable(result.candidates), `seed ${result.seed}`]
      if (args.flag('timings')) lines.push(timingTable(result.timings))
      return { text: lines.join('\n\n'), json }
    })
  },
}

function toJson({ candidates, seed, timings }: GenerateResult) {
  const plain = candidates.map((candidate) => ({
    ...candidate,
    codes: [...candidate.codes],
    drawnCodes: [...candidate.drawnCodes],
  }))
  return { seed, candidates: plain, timings: { ...timings, peakRssBytes: peakRss() } }
}

function candidateTable(candidates: readonly Candidate[]): string {
  const score = (value: number) => (Number.isNaN(value) ? '-' : value.toFixed(4))
  const rows = candidates.map((candidate, i) => [
    String(i + 1),
    String(candidate.index),
    score(candidate.score),
    score(candidate.soloScore),
    candidate.meanLogprob.toFixed(3),
    `${candidate.seconds.toFixed(2)} s`,
    `${candidate.longestSilence.toFixed(2)} s`,
    candidate.finishReason,
  ])
  return table([['rank', 'candidate', 'score', 'alone', 'logprob', 'length', 'silence', 'ended by'], ...rows])
}

function timingTable(timings: Timings): string {
  const ms = (value: number) => `${value.toFixed(1)} ms`
  const perStep = timings.steps > 0 ? timings.decodeMs / timings.steps : 0
  return table([
    ['stage', 'took', 'of'],
    ['prefill', ms(timings.prefillMs), `${timings.prefillPositions} positions`],
    ['decode', ms(timings.decodeMs), `${timings.steps} steps`],
    ['one step', ms(perStep), ''],
    ['sample', ms(timings.sampleMs), ''],
    ['score', ms(timings.scoreMs), ''],
    ['all', ms(timings.totalMs), ''],
    ['KV cache', megabytes(timings.kvBytes), ''],
    ['peak memory', megabytes(peakRss()), ''],
  ])
}
