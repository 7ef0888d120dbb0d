import { speechRate } from '../../addon/contract/speech.js'
import { depthTable } from '../../audio/output/encode_sound.js'
import { checkSoundFile } from '../../audio/output/save_sound.js'
import { soundFormats } from '../../audio/output/sound_format.js'
import { toSrt } from '../../audio/subtitles.js'
import { writeWhole } from '../../base/files.js'
import type { Clvp } from '../../clvp/clvp.js'
import type { SpeechStream } from '../../speech/speech_stream.js'
import { candidateTable, plotBest } from '../candidates.js'
import { type Arguments, type Command, type Output, UsageError } from '../command.js'
import { flagsOf, readFlags } from '../flags.js'
import { needOnePart, numbered, readKeep, writeOthers } from '../kept_sounds.js'
import { speakLines } from '../lines.js'
import { drawingMachineFlags, partFlags, withModel } from '../model.js'
import { needOutput, OutputFiles } from '../output_files.js'
import { readingFlags, readReadingFlags } from '../reading.js'
import { needCodebook } from '../sound.js'
import { type SinkOptions, writeSpeech } from '../sound_sink.js'
import {
  checkSpeaker,
  drawingFlags,
  longTextFlags,
  readSpeaker,
  readSpeakFlags,
  readText,
  soundFlags,
  spokenWarnings,
  timingTable,
} from '../speaking.js'
import { peakRss } from '../table.js'
import { voiceWarnings } from './voice.js'

export const speak: Command = {
  args: 'MODEL TEXT',
  details:
    "MODEL is a .gguf file or a folder with a checkpoint that has tortoise's stages of speech. TEXT '-' is read from stdin. The sound has 24 kHz; its format is the extension of FILE: .wav, .flac, .mp3, .opus or .ogg.",
  examples: [
    'speaking.gguf "Hello world." --voice me.wav -o hello.wav',
    'speaking.gguf --text-file book.txt --voice random -o book.mp3',
    'speaking.gguf "Hello." --voice me.wav -n 1 --stream | ffplay -',
  ],
  flags: {
    Input: {
      'text-file': { value: 'FILE', help: 'read the text from a file' },
      lines: { help: 'one sound for each line of the text; a second run makes only those that are missing' },
      ...readingFlags,
    },
    Voice: {
      voice: {
        value: 'PATH',
        multiple: true,
        help: "a clip, a folder of clips, or tortoise's .pth file, repeatable; a voice saved by 'clvp voice'; or 'random'",
      },
      'voice-seed': {
        value: 'N',
        help: "seed of --voice random, or of tortoise's random windows (--compat)",
      },
    },
    Drawing: drawingFlags,
    Text: longTextFlags,
    Sound: soundFlags,
    Output: {
      out: {
        value: 'FILE',
        short: 'o',
        help: "the file of the sound, '-' for stdout; with --lines a folder",
      },
      stream: { help: 'send WAV to stdout while the sound is made, as -o - does' },
      raw: { help: 'send bare samples to stdout: 24 kHz, mono, signed, little endian, of --bit-depth bits' },
      format: {
        value: 'FORMAT',
        help: `${soundFormats.join(', ')} (default: by the extension; with --lines wav)`,
        words: soundFormats,
      },
      ...flagsOf(depthTable),
      subtitles: { value: 'FILE.srt', help: 'also write subtitles' },
      keep: {
        value: 'N',
        help: 'write the sounds of the N best candidates, FILE.1.wav and so on, of a text of one part',
      },
      table: { help: 'print the candidates with their scores, of a text of one part' },
      plot: {
        value: 'FILE.svg',
        help: 'plot the mels of the four best candidates of a text of one part, if the model has a codebook',
      },
      'no-metadata': { help: 'leave out of the file that a machine made it, and how' },
      timings: { help: 'print the milliseconds of each stage and the peak memory' },
    },
    Model: partFlags,
    Machine: drawingMachineFlags,
  },
  async run(args, context) {
    const model = args.positional(0, 'MODEL')
    const target = readTarget(args)
    checkSpeaker(args, model)
    const sink: SinkOptions = {
      encoding: readEncoding(args),
      isRaw: args.flag('raw'),
      hasMetadata: !args.flag('no-metadata'),
      signal: context.signal,
    }
    if (target !== undefined && !args.flag('lines')) await checkSoundFile(target, sink.encoding)
    const [subtitles, plot] = [args.text('subtitles'), args.text('plot')]
    if (plot !== undefined) await needOutput('--plot', plot, '.svg')
    if (subtitles !== undefined) await needOutput('--subtitles', subtitles, '.srt')
    const text = await readText(args, context)
    const work = async (clvp: Clvp) => {
      const speaker = await readSpeaker(clvp, args, context)
      const options = readSpeakFlags(args, context, speaker)
      if (args.flag('lines')) return speakLines(clvp, text, target!, options, sink)
      const stream = clvp.speakStream(text, options)
      for (const name of args.given(['table', 'plot'])) needOnePart(stream, `--${name}`)
      if (plot !== undefined) await needCodebook(clvp)
      const keep = readKeep(args, stream, options)
      const first = keep === undefined ? target : numbered(target!, 1)
      const seconds = (await writeSpeech(stream, first, sink)) / speechRate
      const others = keep === undefined ? [] : await writeOthers(clvp, stream, keep, target!, options, sink)
      const files = new OutputFiles()
      await files.write(plot, (file) => plotBest(clvp, stream.spoken.parts[0]!.result.candidates, file))
      await files.write(subtitles, (file) => {
        const cues = stream.spoken.parts.map(({ text: { text: said }, span }) => ({ text: said, ...span }))
        return writeWhole(file, toSrt(cues))
      })
      const output = report(stream, seconds, [...(first === undefined ? [] : [first]), ...others], args)
      return files.tell({ ...output, warnings: [...voiceWarnings(speaker), ...(output.warnings ?? [])] })
    }
    // The voice's clips are heard as the mode says, too.
    const { compat } = readReadingFlags(args)
    return withModel(model, args, context, work, { ...(compat && { compat }) })
  },
}

/** The file or folder of --out; undefined for stdout. */
function readTarget(args: Arguments): string | undefined {
  const out = args.text('out')
  const isStdout = out === '-' || args.flag('stream')
  if (out === undefined && !isStdout) {
    throw new UsageError("--out is missing: name a file, or '-' or --stream for stdout")
  }
  if (isStdout && out !== undefined && out !== '-') {
    throw new UsageError('--stream and a file of --out exclude each other')
  }
  refuse(args, isStdout ? ['lines', 'keep', 'format'] : ['raw'], isStdout ? 'a sound on stdout' : 'a file')
  if (args.flag('lines')) refuse(args, ['keep', 'parts', 'subtitles', 'table', 'plot'], '--lines')
  if (args.text('keep') !== undefined) refuse(args, ['parts'], '--keep')
  return isStdout ? undefined : out
}

function refuse(args: Arguments, names: readonly string[], where: string): void {
  const [name] = args.given(names)
  if (name !== undefined) throw new UsageError(`--${name} does not go with ${where}`)
}

function readEncoding(args: Arguments): SinkOptions['encoding'] {
  const format = args.choice('format', Object.fromEntries(soundFormats.map((each) => [each, each])))
  return { ...(format && { format }), ...readFlags(args, depthTable) }
}

/** @param paths of the sounds; none for stdout */
function report(
  { spoken }: SpeechStream,
  seconds: number,
  paths: readonly string[],
  args: Arguments,
): Output {
  const { speech, seed, parts, timings } = spoken
  const count = parts.length === 1 ? '1 part' : `${parts.length} parts`
  const lines = [
    `${paths.join(', ') || 'stdout'}: ${seconds.toFixed(2)} s, ${count}, ${speech}, seed ${seed}`,
  ]
  if (args.flag('table')) lines.unshift(candidateTable(parts[0]!.result.candidates))
  if (args.flag('timings')) lines.push(timingTable(spoken))
  const [path] = paths
  return {
    text: lines.join('\n\n'),
    json: {
      ...(path !== undefined && { path }),
      ...(args.text('keep') !== undefined && { paths }),
      sampleRate: speechRate,
      seconds,
      ...spoken,
      timings: { ...timings, peakRssBytes: peakRss() },
    },
    isSoundOnStdout: path === undefined,
    warnings: spokenWarnings(spoken),
  }
}
