/** What all routes have. */

import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import type { Jobs } from './jobs.js'
import type { Metrics } from './metrics.js'
import type { Models } from './models.js'
import type { Settings } from './settings.js'
import type { Voices } from './voices.js'

/** The parts of a server that its routes use. */
export interface Parts {
  settings: Settings
  models: Models
  voices: Voices
  jobs: Jobs
  metrics: Metrics
}

export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sends it: a key's number or an address. */
    client: string
  }
  interface FastifyContextConfig {
    /** Who may ask: without it, only clients with a key; 'lists' with the setting openLists everybody. */
    access?: 'everybody' | 'lists'
  }
}
