/** Pitch and likeness of several voices. */
import { markdownTable, percent } from './context.mjs'

/** Says some sentences in each measured voice. */
async function speakVoices(context) {
  const { clvp } = context
  const texts = context.sentences.map(({ text }) => text)
  const made = []
  for (const [v, { clip, true: files }] of context.voices.entries()) {
    const voice = await clvp.voice(clip)
    const own = []
    for (const i of files.keys()) {
      const sound = await clvp.speak(texts[i], { voice, candidates: 8, seed: i, gates: false })
      own.push(await context.keep(`made-${v}-${i}`, sound))
    }
    made.push(own)
  }
  return made
}

export async function measureVoices(context) {
  const made = await speakVoices(context)
  const pairs = context.voices.flatMap((voice, v) =>
    voice.true.map((file, i) => ({ made: made[v][i], true: file })),
  )
  const found = context.judge('pitch.py', ['JOB'], pairs)
  const perVoice = context.voices.map(({ name, true: files }, v) => {
    const own = found.slice(v * files.length, (v + 1) * files.length)
    const sum = (key) => own.reduce((total, each) => total + each[key], 0)
    return {
      name,
      true: sum('true') / own.length,
      made: sum('made') / own.length,
      voiced: sum('voiced'),
      near: sum('near'),
      apart: sum('apart'),
    }
  })
  const sum = (key) => perVoice.reduce((total, each) => total + each[key], 0)
  context.goal(
    `voiced frames of ${perVoice.length} voices within 10 % of espeak-ng's pitch`,
    percent(sum('near'), sum('voiced')),
    '80 %',
    sum('near') >= 0.8 * sum('voiced'),
  )
  context.tables.pitch = markdownTable(
    [
      'voice',
      "espeak-ng's median, Hz",
      "speak's, Hz",
      'frames within 10 %',
      'frames that one of them does not voice',
    ],
    perVoice.map((each) => [
      each.name,
      each.true.toFixed(0),
      each.made.toFixed(0),
      percent(each.near, each.voiced),
      percent(each.apart, each.voiced + each.apart),
    ]),
  )
  const references = context.voices.map(({ clip, true: files }) => [clip, ...files])
  const { area, same, different } = context.judge('speakers.py', ['JOB'], { references, made })
  context.goal(
    `likeness to the own voice beside others, by Resemblyzer (mean ${same.toFixed(3)} against ${different.toFixed(3)})`,
    `area ${area.toFixed(3)}`,
    '0.9',
    area >= 0.9,
  )
}
