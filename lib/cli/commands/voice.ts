import { auditClip, type ClipAudit } from '../../audio/audit.js'
import { clipFiles } from '../../audio/clips.js'
import { Voice } from '../../audio/voice.js'
import { type VoiceOptions, voiceTable } from '../../clvp/call_options.js'
import type { Clvp } from '../../clvp/clvp.js'
import { type Arguments, type Command, type Context, type Output, UsageError } from '../command.js'
import { flagsOf, readFlags } from '../flags.js'
import { machineFlags, modelFlags, withModel } from '../model.js'
import { needOutput } from '../output_files.js'

const making = {
  Voice: flagsOf(voiceTable),
  Output: { out: { value: 'FILE.json', short: 'o', help: 'the file to save the voice in' } },
  Model: modelFlags,
  Machine: machineFlags,
} satisfies Command['flags']

export const voice: Command = {
  args: 'MODEL CLIP...',
  details:
    "CLIP is a WAV, MP3, FLAC or Ogg Vorbis file, a folder of them, or the .pth file of tortoise's latents. A saved voice works only with the model that made it. Several saved voices (.json) in place of clips are mixed in equal parts.\n" +
    "'clvp voice --audit CLIP...' needs no model; it ends with 1 if a clip cannot serve.",
  examples: ['clvp.gguf clips -o me.json', 'clvp.gguf me.json you.json -o both.json', '--audit clips'],
  flags: { Input: { audit: { help: 'examine clips, and make no voice' } }, ...making },
  async run(args, context) {
    if (args.flag('audit')) return audit(args, context)
    const [model, ...clips] = args.positionals
    const out = args.text('out')
    if (model === undefined) throw new UsageError('MODEL is missing')
    if (clips.length === 0) throw new UsageError('CLIP is missing')
    if (out === undefined) throw new UsageError('--out is missing: name the file to save the voice in')
    await needOutput('--out', out, '.json')
    const options = readFlags(args, voiceTable)
    const make = async (clvp: Clvp) => {
      const made = await readVoice(clvp, clips, context, options)
      await made.save(out)
      const { embedding, origin } = made
      return {
        text: `${out}: ${describeVoice(made)}`,
        json: { path: out, clips: made.clips, width: embedding.length, origin },
        warnings: voiceWarnings(made),
      }
    }
    return withModel(model, args, context, make, { parts: ['decoder', 'diffusion'] })
  },
}

/** Makes a voice from clips and folders, or loads saved voices (.json), which are mixed. */
export async function readVoice(
  clvp: Clvp,
  clips: readonly string[],
  { signal }: Context,
  options: VoiceOptions = {},
): Promise<Voice> {
  const saved = clips.filter((clip) => clip.endsWith('.json'))
  if (saved.length === 0) return clvp.voice(clips, { ...options, signal })
  if (saved.length < clips.length) {
    throw new UsageError('saved voices and clips cannot be combined: name voices alone, or name clips')
  }
  const [given] = Object.keys(options)
  if (given !== undefined) throw new UsageError(`--${given} goes with clips, not with saved voices`)
  const voices = await Promise.all(saved.map((file) => Voice.load(file)))
  return voices.length === 1 ? voices[0]! : Voice.mix(voices)
}

/** What was odd about the files of a voice. */
export function voiceWarnings({ origin }: Voice): string[] {
  return (origin.clips ?? []).flatMap(({ name, odd }) => (odd === undefined ? [] : [`${name}: ${odd}`]))
}

function describeVoice({ clips, origin }: Voice): string {
  const of = `a voice of ${clips} clip${clips === 1 ? '' : 's'}`
  const windows = origin.clips?.flatMap((clip) => clip.windows)
  if (!windows) return of
  const heard = windows.reduce((sum, { start, end }) => sum + end - start, 0)
  return `${of}, ${heard.toFixed(1)} s in ${windows.length} window${windows.length === 1 ? '' : 's'}`
}

async function audit(args: Arguments, { signal }: Context): Promise<Output> {
  const [useless] = args.given(Object.values(making).flatMap((flags) => Object.keys(flags)))
  if (useless !== undefined) throw new UsageError(`--${useless} does not go with --audit`)
  if (args.positionals.length === 0) throw new UsageError('CLIP is missing')
  const found: (ClipAudit & { path: string })[] = []
  for (const given of args.positionals) {
    for (const path of await clipFiles(given)) found.push({ path, ...(await auditClip(path, { signal })) })
  }
  const isBad = found.some(({ findings }) => findings.some(({ severity }) => severity === 'error'))
  return { text: found.map(describeAudit).join('\n'), json: found, status: isBad ? 1 : 0 }
}

function describeAudit({ path, measures, findings }: ClipAudit & { path: string }): string {
  const { format, sampleRate, channels, soundSeconds, level, noise } = measures
  const facts = [
    `${soundSeconds.toFixed(1)} s of sound`,
    `${format}, ${sampleRate} Hz, ${channels} channel${channels === 1 ? '' : 's'}`,
    `speech ${level.toFixed(0)} dBFS, noise ${noise.toFixed(0)} dBFS`,
  ]
  const lines = findings.map(({ code, severity, message }) => `  ${severity}, ${code}: ${message}`)
  return [`${path}: ${facts.join('; ')}`, ...(lines.length > 0 ? lines : ['  nothing to object to'])].join(
    '\n',
  )
}
