/** For those who run the server: is it up, can it answer, what does it do. */
import { Type } from 'typebox'
import type { App, Parts } from '../app.js'
import { unavailable } from '../errors.js'
import { failures } from '../schemas.js'

const Status = Type.Object({ status: Type.Literal('ok') })

export function operationRoutes(app: App, { settings, models, jobs, metrics }: Parts): void {
  const open = { config: { access: 'everybody' } as const }
  const ok = { status: 'ok' as const }

  for (const route of ['/health', '/v1/health']) {
    app.get(
      route,
      { ...open, schema: { description: 'The process is up', response: { 200: Status } } },
      async () => ok,
    )
  }

  app.get(
    '/ready',
    { ...open, schema: { description: 'The server can answer', response: { 200: Status, ...failures } } },
    async () => {
      if (jobs.isDraining) throw unavailable('The server is shutting down', 'draining', 5)
      const missing = models.all.find(({ info }) => !info)
      if (missing) throw unavailable(`The model ${missing.name} is being loaded`, 'model_loading', 2)
      const { silence } = jobs
      if (silence <= settings.stallSeconds) return ok
      throw unavailable(`A request has made no progress for ${Math.round(silence)} s`, 'stalled', 10)
    },
  )

  app.get('/metrics', { schema: { description: "Prometheus' text format" } }, async (_, reply) => {
    for (const { name, isLoaded } of models.all) metrics.loaded.set({ model: name }, Number(isLoaded))
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics())
  })

  app.get('/openapi.json', { ...open, schema: { hide: true } }, async () => app.swagger())
}
