/** Errors as clients get them: OpenAI's shape. */
import type { FastifyError } from 'fastify'
import { ClvpError, type ClvpErrorCode } from 'node-clvp'
import { validationError } from './validation.js'

export interface ErrorFacts {
  status: number
  type: 'invalid_request_error' | 'rate_limit_error' | 'server_error'
  code: string
  /** The field of the request that is wrong. */
  param?: string | undefined
  /** Seconds. */
  retryAfter?: number
  /** Tells OpenAI's clients not to try again although the status would allow it. */
  isFinal?: boolean
}

export class ApiError extends Error {
  readonly facts: ErrorFacts

  constructor(message: string, facts: ErrorFacts, options?: ErrorOptions) {
    super(message, options)
    this.facts = facts
  }

  /** The body of the answer. */
  get body() {
    const { type, code, param = null } = this.facts
    return { error: { message: this.message, type, param, code } }
  }

  get headers(): Record<string, string> {
    const { retryAfter, isFinal } = this.facts
    return {
      ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
      ...(isFinal && { 'x-should-retry': 'false' }),
    }
  }
}

/** The error of a field that holds something wrong. */
export function badRequest(message: string, param?: string, code = 'invalid_value'): ApiError {
  return new ApiError(message, { status: 400, type: 'invalid_request_error', code, param })
}

export function notFound(message: string, code: string, param?: string): ApiError {
  return new ApiError(message, { status: 404, type: 'invalid_request_error', code, param })
}

/** The error of a server that cannot work now, but soon. */
export function unavailable(message: string, code: string, retryAfter: number): ApiError {
  return new ApiError(message, { status: 503, type: 'server_error', code, retryAfter })
}

const request = (code: string): ErrorFacts => ({ status: 400, type: 'invalid_request_error', code })

const ofClvp: Readonly<Partial<Record<ClvpErrorCode, ErrorFacts>>> = {
  CLVP_INVALID_ARGUMENT: request('invalid_value'),
  CLVP_AUDIO: request('invalid_audio'),
  CLVP_UNSUPPORTED: request('unsupported'),
  CLVP_BUSY: { status: 429, type: 'rate_limit_error', code: 'queue_full', retryAfter: 1 },
  CLVP_OUT_OF_MEMORY: { status: 503, type: 'server_error', code: 'out_of_memory', isFinal: true },
  CLVP_DISPOSED: { status: 503, type: 'server_error', code: 'model_unloaded', retryAfter: 1 },
  CLVP_DEVICE: { status: 503, type: 'server_error', code: 'model_lost', retryAfter: 1 },
  CLVP_ABORTED: { status: 503, type: 'server_error', code: 'stopped', retryAfter: 1 },
}

/** Codes of Fastify and its plugins, as clients know them. */
const ofFastify: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_REQ_FILE_TOO_LARGE: 'file_too_large',
  FST_FILES_LIMIT: 'too_many_files',
  FST_FIELDS_LIMIT: 'too_many_fields',
  FST_PARTS_LIMIT: 'too_many_parts',
  FST_INVALID_MULTIPART_CONTENT_TYPE: 'unsupported_media_type',
}

/** What a client is told of any error. What only the operator may know is left out. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  if (error instanceof ClvpError) {
    if (error.code === 'CLVP_ABORTED' && error.cause instanceof ApiError) return error.cause
    const facts = ofClvp[error.code]
    // The library's name of the text is not the route's.
    const message = error.message.replace(/ for text (?=but )/, ' for input ')
    const param = / for input but |^Expected a text of/.test(message) ? 'input' : undefined
    if (facts) return new ApiError(message, { ...facts, param }, { cause: error })
  }
  const { validation, code = '', statusCode = 500, message } = error as FastifyError
  if (validation) return badRequest(...validationError(error as FastifyError))
  if (statusCode >= 400 && statusCode < 500) {
    const told = ofFastify[code] ?? 'bad_request'
    const status = told === 'unsupported_media_type' ? 415 : statusCode // multipart's own is 406
    return new ApiError(message, { status, type: 'invalid_request_error', code: told }, { cause: error })
  }
  return new ApiError(
    'The server failed at this request: its log says more under this x-request-id',
    { status: 500, type: 'server_error', code: 'internal_error' },
    { cause: error },
  )
}
