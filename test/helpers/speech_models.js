/** Loads what the subjects of speech_answers.js are asked of, and compares them with the golden answers. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadModel } from '../../dist/lib/addon/jobs.js'
import { Clvp, convertFolder, SpeechModel } from '../../dist/lib/index.js'
import { createSession } from '../../dist/lib/session/session.js'
import { compareSpeech } from './speech_answers.js'
import { goldenSize, makeSpeechCase } from './speech_case.js'
import { writeSpeechFiles } from './speech_weights.js'
import { writePairAlone } from './tortoise.js'
import { recipeOf } from './tortoise_case.js'

/** What a subject is asked of, if it is no SpeechModel of the first file. */
const askedOf = { univnets: 'univnet', mels: 'session', voices: 'clvp' }
const device = process.env.CLVP_TEST_DEVICE ?? 'cpu'

/** Writes a size's pair and the files of its stages into a new folder; gives its case. */
export function writeSpeechCase(size, folder) {
  const asked = makeSpeechCase(size)
  writePairAlone(recipeOf(size), folder)
  writeSpeechFiles(folder, asked)
  return asked
}

/**
 * Converts a folder of writeSpeechCase() to F32.
 *
 * @returns { file, univnet }: the whole model, and a pair with transformers' vocoder
 */
export async function convertSpeechCase(size, folder) {
  const [file, pair] = [`${folder}.gguf`, `${folder}-pair`]
  const univnet = `${pair}.gguf`
  await convertFolder(folder, file, { type: 'f32' })
  writePairAlone(recipeOf(size), pair)
  await convertFolder(pair, univnet, { type: 'f32', vocoder: join(folder, 'univnet') })
  return { file, univnet }
}

const openers = {
  speech: ({ file }, options) => SpeechModel.fromPretrained(file, options),
  univnet: ({ univnet }, options) => SpeechModel.fromPretrained(univnet, options),
  clvp: ({ file }, options) => Clvp.load(file, options),
  session: async ({ file }, { threads }) => createSession(await loadModel(file, { device }), { threads }),
}

/**
 * Compares some subjects of a case, one after another: the rows of compareSpeech().
 *
 * @param files of convertSpeechCase()
 * @param expected the reference's answers
 */
export async function compareSubjects(files, asked, subjects, expected, { threads = 2 } = {}) {
  const models = {}
  const rows = []
  try {
    for (const subject of subjects.filter((name) => asked[name].length > 0)) {
      const name = askedOf[subject] ?? 'speech'
      models[name] ??= await openers[name](files, { device, threads })
      rows.push(...(await compareSpeech(models, asked, subject, expected[subject])))
    }
  } finally {
    for (const model of Object.values(models)) await model.dispose()
  }
  return rows
}

/** Asserts that our answers to subjects of the golden size are the reference's. Of scripts/parity/speech_live.mjs --write-golden. */
export async function matchSpeech(t, ...subjects) {
  const golden = JSON.parse(readFileSync(new URL('../golden/speech.json', import.meta.url), 'utf8'))
  const folder = join(t.testdir({}), 'golden')
  const asked = writeSpeechCase(goldenSize, folder)
  const rows = await compareSubjects(await convertSpeechCase(goldenSize, folder), asked, subjects, golden)
  t.ok(rows.length > 0, 'something was compared')
  for (const { quantity, max, l2, limit, passed } of rows) {
    t.ok(
      passed,
      `${quantity}: max|a-b|/max|b| is ${max.toExponential(2)}, L2 ${l2.toExponential(2)}, limit ${limit}`,
    )
  }
}
