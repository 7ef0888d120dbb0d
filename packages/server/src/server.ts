/** The server: its routes, and its life from loading to the last answer. */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import multipart from '@fastify/multipart'
import swagger from '@fastify/swagger'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify, { type FastifyError, type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import type { App, Parts } from './app.js'
import { notFound, toApiError } from './errors.js'
import { Jobs, lastWords } from './jobs.js'
import { Keys } from './keys.js'
import { Metrics } from './metrics.js'
import { Models } from './models.js'
import { candidateRoutes } from './routes/candidates.js'
import { modelRoutes } from './routes/models.js'
import { operationRoutes } from './routes/operations.js'
import { pageRoutes } from './routes/page.js'
import { scoreRoutes } from './routes/scores.js'
import { speechRoutes } from './routes/speech.js'
import { voiceRoutes } from './routes/voices.js'
import type { Settings } from './settings.js'
import { Voices } from './voices.js'

/** The version of this package. */
export const version: string = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
).version

/** A running server. */
export class Server {
  /** Where it listens. */
  readonly url: string
  readonly #app: App
  readonly #parts: Parts
  #closed: Promise<void> | undefined

  private constructor(app: App, parts: Parts) {
    this.#app = app
    this.#parts = parts
    const { address, family, port } = app.server.address() as AddressInfo
    this.url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
  }

  /** Listens at once, and answers /ready with 503 until load() is done. */
  static async listen(settings: Settings): Promise<Server> {
    const metrics = new Metrics(version)
    const parts: Parts = {
      settings,
      metrics,
      models: new Models(settings),
      voices: new Voices(settings),
      jobs: new Jobs(settings, metrics),
    }
    await parts.voices.list() // a folder that cannot be read is told now
    const app = await makeApp(parts)
    await app.listen({ host: settings.host, port: settings.port })
    return new Server(app, parts)
  }

  /** Loads the models. */
  load(): Promise<void> {
    return this.#parts.models.load()
  }

  /** Finishes the accepted requests within `drainSeconds`, then ends. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const { jobs, models, settings } = this.#parts
    await jobs.drain(settings.drainSeconds)
    const late = setTimeout(() => this.#app.server.closeAllConnections(), lastWords)
    await this.#app.close()
    clearTimeout(late)
    await models.close()
  }
}

async function makeApp(parts: Parts): Promise<App> {
  const { settings } = parts
  const megabyte = 2 ** 20
  const app = fastify({
    logger: { level: settings.logLevel, stream: process.stderr },
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: ({ headers }) => safeId(headers['x-request-id']) ?? randomUUID(),
    bodyLimit: settings.maxBody * megabyte,
    requestTimeout: 60_000, // for a whole request: slow senders do not hold connections
    keepAliveTimeout: 75_000, // longer than clients keep connections: they would send on one that is being closed
    return503OnClosing: false, // the hooks and routes answer until the end, in the usual shape
    http: { headersTimeout: 15_000, connectionsCheckingInterval: 5000 },
    routerOptions: { maxParamLength: 200 },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, allErrors: false, verbose: true } },
  }).withTypeProvider<TypeBoxTypeProvider>() as unknown as App
  app.server.maxConnections = 4096
  await app.register(multipart, {
    limits: {
      fileSize: settings.maxUpload * megabyte,
      files: 10,
      fields: 10,
      fieldSize: 64 * 1024,
      parts: 20,
      headerPairs: 50,
    },
  })
  await app.register(swagger, {
    openapi: {
      info: { title: 'node-clvp', version, description: "OpenAI's speech API and more" },
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
      security: [{ key: [] }],
    },
  })
  addHooks(app, parts)
  for (const routes of [
    speechRoutes,
    modelRoutes,
    voiceRoutes,
    candidateRoutes,
    scoreRoutes,
    operationRoutes,
    pageRoutes,
  ]) {
    routes(app, parts)
  }
  return app
}

/** Ids of requests, keys, errors, and a line of the log for each answer. */
function addHooks(app: App, { settings, metrics, jobs }: Parts): void {
  const keys = new Keys(settings.apiKey)
  app.decorateRequest('client', '')
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
    if (jobs.isDraining) reply.header('connection', 'close')
    const { access } = request.routeOptions.config
    request.client = keys.clientOf(
      request,
      access === 'everybody' || (access === 'lists' && settings.openLists),
    )
  })
  app.addHook('onResponse', async (request, reply) => observe(request, reply))
  app.addHook('onRequestAbort', async (request) => request.log.info('the client closed the connection'))
  app.setNotFoundHandler((request) => {
    throw notFound(
      `There is no route ${request.method} ${request.url.split('?', 1)[0]!.slice(0, 100)}`,
      'route_not_found',
    )
  })
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const told = toApiError(error)
    const isFault = told.facts.status >= 500 && told.facts.code !== 'draining' // the line of the answer tells that
    if (isFault) request.log.error({ err: error }, 'the request failed')
    if (!request.raw.complete) reply.header('connection', 'close') // what is left of it would be read as the next one
    return reply.code(told.facts.status).headers(told.headers).type('application/json').send(told.body)
  })

  function observe(request: FastifyRequest, reply: FastifyReply): void {
    const route = request.routeOptions.url ?? 'none'
    const code = String(reply.statusCode)
    metrics.requests.inc({ route, code })
    metrics.durations.observe({ route }, reply.elapsedTime / 1000)
    const { method, client, body } = request
    const input = (body as { input?: unknown } | undefined)?.input
    const text =
      typeof input === 'string' ? { characters: input.length, ...(settings.logTexts && { input }) } : {}
    request.log.info({ method, route, code, client, ms: Math.round(reply.elapsedTime), ...text }, 'answered')
  }
}

/** A client's own id, if it can stand in a log. */
function safeId(given: string | string[] | undefined): string | undefined {
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : undefined
}
