/** The voices: list, make, delete. */
import { auditClip } from 'node-clvp'
import { Type } from 'typebox'
import type { App, Parts } from '../app.js'
import { badRequest } from '../errors.js'
import { failures } from '../schemas.js'
import { readForm } from '../upload.js'

const Voice = Type.Object({ id: Type.String(), object: Type.Literal('audio.voice'), name: Type.String() })
const Listed = Type.Object({ ...Voice.properties, deletable: Type.Boolean() })
const Finding = Type.Object({
  file: Type.String(),
  code: Type.String(),
  severity: Type.String(),
  message: Type.String(),
})
const Made = Type.Object({ ...Voice.properties, created_at: Type.Integer(), findings: Type.Array(Finding) })
const Deleted = Type.Object({
  id: Type.String(),
  object: Type.Literal('audio.voice.deleted'),
  deleted: Type.Literal(true),
})

const described = (id: string) => ({ id, object: 'audio.voice' as const, name: id })

export function voiceRoutes(app: App, { voices, models, jobs, metrics: _ }: Parts): void {
  app.get(
    '/v1/audio/voices',
    {
      config: { access: 'lists' },
      schema: { response: { 200: Type.Object({ voices: Type.Array(Listed) }), ...failures } },
    },
    async () => ({
      voices: (await voices.list()).map(({ id, deletable }) => ({ ...described(id), deletable })),
    }),
  )

  app.post(
    '/v1/audio/voices',
    {
      schema: {
        description:
          'Makes a voice of recordings: a form with name, audio_sample (up to 10 files), and, as you like, consent and model',
        consumes: ['multipart/form-data'],
        response: { 200: Made, ...failures },
      },
    },
    async (request, reply) => {
      const { fields, files } = await readForm(request, ['name', 'consent', 'model'], 'audio_sample')
      const { name, consent } = fields
      if (name === undefined)
        throw badRequest('Expected a value for name but received none', 'name', 'missing_value')
      const model = models.find(fields.model)
      const job = await jobs.begin(request, reply, model)
      const findings: { file: string; code: string; severity: string; message: string }[] = []
      const id = await voices.add(name, async () => {
        for (const [i, clip] of files.entries()) {
          const audit = await auditClip(clip, { signal: job.signal })
          job.tell()
          for (const { code, severity, message } of audit.findings) {
            findings.push({ file: `audio_sample ${i + 1}`, code, severity, message })
          }
        }
        return job.clvp.voice(files, { signal: job.signal })
      })
      job.end()
      request.log.info({ voice: id, client: request.client, consent }, 'made a voice')
      return { ...described(id), created_at: Math.floor(Date.now() / 1000), findings }
    },
  )

  app.delete<{ Params: { id: string } }>(
    '/v1/audio/voices/:id',
    { schema: { response: { 200: Deleted, ...failures } } },
    async (request) => {
      const { id } = request.params
      await voices.delete(id)
      request.log.info({ voice: id, client: request.client }, 'deleted a voice')
      return { id, object: 'audio.voice.deleted' as const, deleted: true as const }
    },
  )
}
