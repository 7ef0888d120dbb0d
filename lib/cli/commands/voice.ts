import { Voice } from '../../audio/voice.js'
import type { Clvp } from '../../clvp/clvp.js'
import { type Command, type Context, UsageError } from '../command.js'
import { modelFlags, withModel } from '../model.js'

export const voice: Command = {
  name: 'voice',
  args: 'MODEL CLIP...',
  summary: 'Make a voice from one or more clips and save it, for --voice of clvp generate',
  details:
    "Clips are WAV, MP3, FLAC or Ogg Vorbis, or .pth files of tortoise's voices. A saved voice works only with\n" +
    'the model that made it.',
  flags: { out: { value: 'FILE.json', short: 'o', help: 'the file to save the voice in' }, ...modelFlags },
  async run(args, context) {
    const [model, ...clips] = args.positionals
    const out = args.text('out')
    if (model === undefined) throw new UsageError('MODEL is missing')
    if (clips.length === 0) throw new UsageError('CLIP is missing')
    if (out === undefined) throw new UsageError('--out is missing: name the file to save the voice in')
    return withModel(model, args, context, async (clvp) => {
      const made = await readVoice(clvp, clips, context)
      await made.save(out)
      const json = { path: out, clips: made.clips, width: made.embedding.length }
      return { text: `${out}: a voice of ${made.clips} clip${made.clips === 1 ? '' : 's'}`, json }
    })
  },
}

/** Makes a voice from clips, or loads one saved voice (.json). */
export async function readVoice(clvp: Clvp, clips: readonly string[], { signal }: Context): Promise<Voice> {
  const saved = clips.filter((clip) => clip.endsWith('.json'))
  if (saved.length === 0) return clvp.voice(clips, { signal })
  if (clips.length > 1) throw new UsageError('a saved voice cannot be combined: name it alone, or name clips')
  return Voice.load(saved[0]!)
}
