/** The models, as OpenAI and Open WebUI list them. */
import { Type } from 'typebox'
import type { App, Parts } from '../app.js'
import { workingFormats } from '../formats.js'
import type { ServedModel } from '../models.js'
import { failures } from '../schemas.js'

const Model = Type.Object({
  id: Type.String(),
  object: Type.Literal('model'),
  created: Type.Integer(),
  owned_by: Type.String(),
  /** Beyond OpenAI's fields. */
  clvp: Type.Object({
    loaded: Type.Boolean(),
    speaks: Type.Boolean({ description: 'whether it makes speech; else it draws and scores candidates' }),
    previews: Type.Boolean({ description: 'whether it makes rough sound of codes, and pictures of them' }),
    scores_recordings: Type.Boolean(),
  }),
})

export function modelRoutes(app: App, { models, settings }: Parts): void {
  const config = { access: 'lists' } as const

  app.get(
    '/v1/models',
    {
      config,
      schema: {
        response: {
          200: Type.Object({ object: Type.Literal('list'), data: Type.Array(Model) }),
          ...failures,
        },
      },
    },
    async () => ({ object: 'list' as const, data: models.all.map(described) }),
  )

  app.get<{ Params: { id: string } }>(
    '/v1/models/:id',
    { config, schema: { response: { 200: Model, ...failures } } },
    async ({ params }) => described(models.find(params.id)),
  )

  app.get(
    '/v1/audio/models',
    {
      config,
      schema: {
        response: {
          200: Type.Object({ models: Type.Array(Type.Object({ id: Type.String() })) }),
          ...failures,
        },
      },
    },
    async () => ({ models: models.all.map(({ name }) => ({ id: name })) }),
  )

  const Info = Type.Object({
    formats: Type.Array(Type.String()),
    max_text: Type.Integer(),
    candidates: Type.Integer(),
    max_candidates: Type.Integer(),
    max_upload_bytes: Type.Integer(),
  })
  app.get(
    '/v1/info',
    { config, schema: { description: 'The limits of this server', response: { 200: Info, ...failures } } },
    async () => ({
      formats: await workingFormats(),
      max_text: settings.maxText,
      candidates: Math.min(settings.candidates, settings.maxCandidates),
      max_candidates: settings.maxCandidates,
      max_upload_bytes: settings.maxUpload * 2 ** 20,
    }),
  )
}

function described({ name, created, info, isLoaded }: ServedModel) {
  return {
    id: name,
    object: 'model' as const,
    created,
    owned_by: 'node-clvp',
    clvp: {
      loaded: isLoaded,
      speaks: (info?.speech.ways.length ?? 0) > 0,
      previews: info?.codebook !== undefined,
      scores_recordings: info?.encoder !== undefined,
    },
  }
}
