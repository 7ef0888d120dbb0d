/** What the parts of the evaluation share: the model, held-out speech, the judges in Python, and the goals. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../python.mjs'

const here = fileURLToPath(new URL('..', import.meta.url))

export const percent = (part, whole = 1) => `${((100 * part) / whole).toFixed(1)} %`

export function markdownTable(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

export class Context {
  /** @type {{ what: string, found: string, wanted: string, reached: boolean }[]} */
  goals = []
  /** Tables and charts for the documents, by their name there. */
  tables = {}
  charts = {}

  /** @param settings { python, model, work, clvp, voice }: `work` has what training left, `model` is the checkpoint */
  constructor(settings) {
    Object.assign(this, settings)
    this.folder = join(this.work, 'evaluation')
    mkdirSync(this.folder, { recursive: true })
  }

  /** Held-out sentences and voices: see held_out.py. */
  readHeldOut(voiceFile) {
    const args = ['--model', this.model, '--voice', voiceFile, '--out', this.folder]
    run(this.python, [join(here, 'held_out.py'), ...args])
    const { sentences, voices } = JSON.parse(readFileSync(join(this.folder, 'held_out.json'), 'utf8'))
    this.voices = voices
    this.sentences = sentences.map((sentence) => ({
      ...sentence,
      codes: Int32Array.from(sentence.codes),
      mel: new Float32Array(new Uint8Array(Buffer.from(sentence.mel, 'base64')).buffer),
    }))
  }

  goal(what, found, wanted, reached) {
    this.goals.push({ what, found, wanted, reached })
    console.log(`${reached ? 'reached' : 'MISSED '}  ${what}: ${found} (goal: ${wanted})`)
  }

  /** What a script in Python prints as JSON. A job is given to it as a file, where its arguments say JOB. */
  judge(script, args, job) {
    const file = join(this.folder, 'job.json')
    if (job !== undefined) writeFileSync(file, JSON.stringify(job))
    const given = args.map((each) => (each === 'JOB' ? file : each))
    const { status, stdout, error } = spawnSync(this.python, ['-W', 'ignore', join(here, script), ...given], {
      stdio: ['ignore', 'pipe', 2],
      maxBuffer: 2 ** 28,
      encoding: 'utf8',
    })
    if (error) throw error
    if (status !== 0) throw new Error(`${script} ended with status ${status}`)
    return JSON.parse(stdout.slice(stdout.search(/[[{]/)))
  }

  /** Saves a sound for a judge. @returns its path */
  async keep(name, sound) {
    const path = join(this.folder, `${name}.wav`)
    await sound.save(path)
    return path
  }
}
