import type { Voice } from '../../audio/voice.js'
import { writeWhole } from '../../base/files.js'
import { packageVersion } from '../../base/package_root.js'
import { Tensor } from '../../base/tensor.js'
import { Clvp } from '../../clvp/clvp.js'
import { type GenerateOptions, generateTable } from '../../clvp/generate_options.js'
import type { GenerateResult, Timings } from '../../clvp/result.js'
import { samplingTable } from '../../config/sampling.js'
import { candidateTable, plotBest } from '../candidates.js'
import { type Command, UsageError } from '../command.js'
import { flagsOf, readFlags } from '../flags.js'
import { latentsWriter } from '../latents.js'
import { drawingMachineFlags, isDemo, partFlags, withModel } from '../model.js'
import { needOutput, OutputFiles } from '../output_files.js'
import { readingFlags, readReadingFlags, textWarnings } from '../reading.js'
import { heardCandidate, needCodebook, writeSound } from '../sound.js'
import { megabytes, peakRss, table } from '../table.js'
import { readVoice, voiceWarnings } from './voice.js'

export const generate: Command = {
  args: 'MODEL TEXT',
  details:
    "MODEL is a .gguf file, a folder with a checkpoint, a hub id, or 'demo' for the embedded model. Up to a minute of the clips (WAV, MP3, FLAC, Ogg Vorbis) is heard: windows all over them are averaged.",
  examples: [
    'demo "Good morning." --candidates 16 --wav morning.wav',
    'clvp.gguf "Hello." --voice me.wav -n 4 --seed 1 -o out.json',
  ],
  flags: {
    Input: readingFlags,
    Voice: {
      voice: {
        value: 'PATH',
        multiple: true,
        help: "a clip, a folder of clips, or tortoise's .pth file, repeatable; or a voice saved by 'clvp voice'",
      },
    },
    Drawing: { ...flagsOf(generateTable), ...flagsOf(samplingTable) },
    Output: {
      out: { value: 'FILE', short: 'o', help: 'write the result as JSON to a file' },
      wav: {
        value: 'FILE',
        help: 'write a rough rendering of the best candidate, if the model has a codebook',
      },
      plot: {
        value: 'FILE.svg',
        help: 'plot the mels of the four best candidates, if the model has a codebook',
      },
      latents: {
        value: 'FILE',
        help: 'write the latents and codes of the best candidate, for a diffusion stage: FILE.npz or FILE.safetensors',
      },
      timings: { help: 'print the milliseconds of each stage and the peak memory' },
    },
    Model: partFlags,
    Machine: drawingMachineFlags,
  },
  async run(args, context) {
    const model = args.positional(0, 'MODEL')
    const text = args.positional(1, 'TEXT')
    const clips = args.texts('voice')
    if (clips.length === 0 && !isDemo(model))
      throw new UsageError('--voice is missing: name a clip of the voice')
    const [out, wav, plot] = [args.text('out'), args.text('wav'), args.text('plot')]
    const latents = args.text('latents')
    if (out !== undefined) await needOutput('--out', out, '.json')
    if (wav !== undefined) await needOutput('--wav', wav, '.wav')
    if (plot !== undefined) await needOutput('--plot', plot, '.svg')
    const writeLatents = latents === undefined ? undefined : await latentsWriter(latents)
    const reading = readReadingFlags(args)
    const draw = async (clvp: Clvp) => {
      if (wav !== undefined || plot !== undefined) await needCodebook(clvp)
      const voice = await readVoice(clvp, clips.length > 0 ? clips : [Clvp.demoVoice], context)
      const options: GenerateOptions = {
        ...readFlags(args, generateTable),
        ...reading,
        ...readFlags(args, samplingTable),
        voice,
        signal: context.signal,
        onProgress: ({ stage, fraction }) => context.progress(stage, fraction),
      }
      const result = await clvp.generate(text, options)
      const json = toJson(clvp, model, text, voice, result)
      const files = new OutputFiles()
      await files.write(out, (file) => writeWhole(file, `${JSON.stringify(json, null, 2)}\n`))
      await files.write(latents, async () => {
        const { codes } = result.best
        const found = await clvp.latents(text, codes, { voice, ...reading, signal: context.signal })
        await writeLatents!({ latents: found, codes: new Tensor(codes, [codes.length]) })
      })
      const { candidates, best } = result
      const sound = { signal: context.signal }
      await files.write(wav, (file) => writeSound(clvp, heardCandidate(best, 1), file, sound))
      await files.write(plot, (file) => plotBest(clvp, candidates, file))
      const lines = [candidateTable(candidates), `seed ${result.seed}`]
      if (args.flag('timings')) lines.push(timingTable(result.timings))
      return files.tell({
        text: lines.join('\n\n'),
        json,
        warnings: [...voiceWarnings(voice), ...textWarnings(result)],
      })
    }
    // The voice's clips are heard as the mode says, too.
    const { compat } = reading
    return withModel(model, args, context, draw, { ...(compat && { compat }) })
  },
}

/** The result with all that it takes to draw it again; the voice is a saved one. */
function toJson(clvp: Clvp, source: string, text: string, voice: Voice, result: GenerateResult) {
  const { candidates, seed, settings, normalized, dropped, unknownWords, timings } = result
  const { name, id, type } = clvp.info
  return {
    version: packageVersion(),
    model: { source, name, id, type },
    text,
    normalized,
    dropped,
    unknownWords,
    voice,
    settings,
    seed,
    candidates,
    timings: { ...timings, peakRssBytes: peakRss() },
  }
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
