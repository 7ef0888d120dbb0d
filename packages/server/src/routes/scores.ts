/** How well recordings, or rows of codes, say a text. */
import type { Clvp } from 'node-clvp'
import { type Static, Type } from 'typebox'
import type { App, Parts } from '../app.js'
import { badRequest } from '../errors.js'
import { codesField, failures, inputField, modelField, strict } from '../schemas.js'
import { readForm } from '../upload.js'

const most = 256

const Recording = Type.Union(
  [
    Type.Object({ codes: codesField }, strict),
    Type.Object(
      { audio: Type.String({ minLength: 1, contentEncoding: 'base64', description: 'a file in base64' }) },
      strict,
    ),
  ],
  { description: 'an object with codes (1 to 4,096), or with audio' },
)
type Item = Static<typeof Recording>

const items = Type.Array(Recording, { minItems: 1, maxItems: most })
const Scores = Type.Object({
  object: Type.Literal('list'),
  model: Type.String(),
  data: Type.Array(Type.Object({ index: Type.Integer(), score: Type.Number() })),
})
const Ranks = Type.Object({
  object: Type.Literal('list'),
  model: Type.String(),
  results: Type.Array(Type.Object({ index: Type.Integer(), relevance_score: Type.Number() })),
})

export function scoreRoutes(app: App, { settings, models, jobs }: Parts): void {
  const input = inputField(settings)

  const score = {
    description: 'Scores of recordings or codes against a text, in their order',
    body: Type.Object({ model: modelField, input, recordings: items }, strict),
    response: { 200: Scores, ...failures },
  }
  app.post('/v1/score', { schema: score }, async (request, reply) => {
    const { body } = request
    const model = models.find(body.model)
    const clips = body.recordings.map(taken)
    const job = await jobs.begin(request, reply, model)
    const scores = await scored(job.clvp, body.input, clips, job.signal)
    job.end()
    const data = scores.map((value, index) => ({ index, score: value }))
    return { object: 'list' as const, model: model.name, data }
  })

  const upload = {
    description: 'The same for files of a form: input, recording (up to 10 files), and, as you like, model',
    consumes: ['multipart/form-data'],
    response: { 200: Scores, ...failures },
  }
  app.post('/v1/score/files', { schema: upload }, async (request, reply) => {
    const { fields, files } = await readForm(request, ['input', 'model'], 'recording')
    const text = fields.input
    if (!text || text.length > settings.maxText) {
      throw badRequest(
        `Expected a text of 1 to ${settings.maxText} characters for input but received ${text?.length ?? 'none'}`,
        'input',
      )
    }
    const model = models.find(fields.model)
    const job = await jobs.begin(request, reply, model)
    const scores = await scored(job.clvp, text, files, job.signal)
    job.end()
    const data = scores.map((value, index) => ({ index, score: value }))
    return { object: 'list' as const, model: model.name, data }
  })

  const rerank = {
    description: 'Recordings or codes in the order of their scores against a text, best first',
    body: Type.Object(
      {
        model: modelField,
        query: input,
        documents: items,
        top_n: Type.Optional(Type.Integer({ minimum: 1, maximum: most })),
      },
      strict,
    ),
    response: { 200: Ranks, ...failures },
  }
  app.post('/v1/rerank', { schema: rerank }, async (request, reply) => {
    const { query, documents, top_n = documents.length, model: name } = request.body
    const model = models.find(name)
    const clips = documents.map(taken)
    const job = await jobs.begin(request, reply, model)
    const scores = await scored(job.clvp, query, clips, job.signal)
    job.end()
    const results = scores
      .map((value, index) => ({ index, relevance_score: value }))
      .sort((a, b) => b.relevance_score - a.relevance_score)
    return { object: 'list' as const, model: model.name, results: results.slice(0, top_n) }
  })
}

/** Codes, or the bytes of a file. */
function taken(item: Item, index: number): readonly number[] | Uint8Array {
  if ('codes' in item) return item.codes
  const bytes = Buffer.from(item.audio, 'base64')
  if (bytes.length > 0) return bytes
  throw badRequest(`Expected a file in base64 for recording ${index} but received another text`, 'recordings')
}

/** The scores in the order of what is scored. */
async function scored(
  clvp: Clvp,
  text: string,
  clips: readonly (readonly number[] | Uint8Array)[],
  signal: AbortSignal,
): Promise<number[]> {
  const rows = []
  for (const clip of clips) rows.push(clip instanceof Uint8Array ? await clvp.encode(clip, { signal }) : clip)
  const scores: number[] = []
  for (const { index, score } of await clvp.rank(text, rows, { signal })) scores[index] = score
  return scores
}
