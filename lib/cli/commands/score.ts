import { clipFiles } from '../../audio/clips.js'
import type { Clvp } from '../../clvp/clvp.js'
import type { EncodedClip, ScoreTable } from '../../clvp/recordings.js'
import { type Arguments, type Command, type Context, type Output, UsageError } from '../command.js'
import { machineFlags, modelFlags, withModel } from '../model.js'
import { readingFlags, readingWarnings, readReadingFlags } from '../reading.js'
import { readTexts } from '../samples.js'
import { table } from '../table.js'

/** A longer text is cut in the table. */
const shown = 40

export const score: Command = {
  args: 'MODEL [TEXT] CLIP...',
  details:
    '- With TEXT: which recording says it best? Recordings are listed best first.\n' +
    '- With --texts: which of these texts does each recording say? The lead is the distance to the second best text.\n' +
    '- With --texts and --pairs: text n belongs to recording n. Recordings that say another text better come first, and then the command ends with 1.\n' +
    'CLIP is a WAV, MP3, FLAC or Ogg Vorbis file, or a folder of them. MODEL needs an encoder: docs/scoring.md.',
  examples: ['demo "Good morning." take1.wav take2.wav', 'demo --texts texts.txt --pairs recordings'],
  flags: {
    Input: {
      texts: { value: 'FILE', help: 'a text file with one text per line, in place of TEXT' },
      pairs: { help: 'with --texts: text n belongs to recording n' },
      ...readingFlags,
    },
    Model: modelFlags,
    Machine: machineFlags,
  },
  async run(args, context) {
    const [model, ...rest] = args.positionals
    if (model === undefined) throw new UsageError('MODEL is missing')
    const file = args.text('texts')
    if (file === undefined && args.flag('pairs')) throw new UsageError('--pairs goes with --texts')
    const [text, ...behind] = rest
    if (file === undefined && text === undefined) throw new UsageError('TEXT or --texts is missing')
    const clips = file === undefined ? behind : rest
    if (clips.length === 0) throw new UsageError('CLIP is missing')
    const texts = file === undefined ? undefined : await readTexts(file)
    const scoreAll = (clvp: Clvp) =>
      texts ? scoreTexts(clvp, texts, clips, args, context) : scoreText(clvp, text!, clips, args, context)
    return withModel(model, args, context, scoreAll, { parts: ['encoder', 'ranker'] })
  },
}

async function scoreText(
  clvp: Clvp,
  text: string,
  clips: readonly string[],
  args: Arguments,
  { signal }: Context,
): Promise<Output> {
  const json = await clvp.score(text, clips, { ...readReadingFlags(args), signal })
  const body = json.map((each, i) => {
    return [String(i + 1), each.clip, lengthOf(each.codes, clvp), each.score.toFixed(4)]
  })
  const warnings = [...oddities(json), ...(await readingWarnings(clvp, text, args))]
  return { text: table([['rank', 'clip', 'length', 'score'], ...body]), json, warnings }
}

async function scoreTexts(
  clvp: Clvp,
  texts: readonly string[],
  clips: readonly string[],
  args: Arguments,
  { signal }: Context,
): Promise<Output> {
  const files = (await Promise.all(clips.map((clip) => clipFiles(clip)))).flat()
  if (args.flag('pairs') && files.length !== texts.length) {
    throw new UsageError(
      `--pairs takes as many texts as recordings, not ${texts.length} texts and ${files.length} recordings`,
    )
  }
  const found = await clvp.scoreTable(texts, files, { ...readReadingFlags(args), signal })
  const readings = await Promise.all(texts.map((text) => readingWarnings(clvp, text, args)))
  const warnings = [...oddities(found.clips), ...readings.flat()]
  return { ...(args.flag('pairs') ? describePairs(found) : describeBest(found)), warnings }
}

/** What was odd about the files of recordings. */
function oddities(clips: readonly EncodedClip[]): string[] {
  return clips.flatMap(({ clip, odd }) => (odd === undefined ? [] : [`${clip}: ${odd}`]))
}

/** Each recording's best text. */
function describeBest(found: ScoreTable): Output {
  const best = found.scores.map((row) => bestOf(row))
  const body = best.map(({ index, score, lead }, i) => [
    found.clips[i]!.clip,
    String(index + 1),
    score.toFixed(4),
    lead === undefined ? '-' : lead.toFixed(4),
    cut(found.texts[index]!),
  ])
  const json = { ...found, best: best.map(({ index }) => index) }
  return { text: table([['clip', 'line', 'score', 'lead', 'text'], ...body]), json }
}

/** Each recording's own text among all, the worst first. */
function describePairs(found: ScoreTable): Output {
  const { texts, clips, scores } = found
  const pairs = scores.map((row, index) => {
    const own = row[index]!
    const others = row.filter((_, j) => j !== index)
    const place = 1 + others.filter((each) => each > own).length
    return { index, clip: clips[index]!.clip, score: own, place, best: bestOf(row).index }
  })
  const worstFirst = pairs.toSorted((a, b) => b.place - a.place || a.score - b.score)
  const body = worstFirst.map(({ index, clip, score, place, best }) => [
    clip,
    String(place),
    score.toFixed(4),
    cut(texts[index]!),
    place === 1 ? '' : cut(texts[best]!),
  ])
  const isWrong = pairs.some(({ place }) => place > 1)
  const text = table([['clip', 'place', 'score', 'its text', 'better'], ...body])
  return { text, json: { ...found, pairs: worstFirst }, status: isWrong ? 1 : 0 }
}

/** The best text of a recording, and its lead over the second. */
function bestOf(row: readonly number[]): { index: number; score: number; lead: number | undefined } {
  const [first, second] = row.map((score, index) => ({ score, index })).sort((a, b) => b.score - a.score)
  return { ...first!, lead: second && first!.score - second.score }
}

function lengthOf({ length }: Int32Array, { info }: Clvp): string {
  return `${(length * info.secondsPerCode).toFixed(2)} s`
}

function cut(text: string): string {
  return text.length > shown ? `${text.slice(0, shown - 3)}...` : text
}
