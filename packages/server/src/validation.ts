/** What is wrong with a request that does not fit its schema, in words. */
import type { FastifyError, FastifySchemaValidationError } from 'fastify'

/** Ajv's errors have the value with the option `verbose`. */
type Fault = FastifySchemaValidationError & { data?: unknown; parentSchema?: { description?: string } }

/** The message, the field and the code of an error. */
export function validationError({ validation, validationContext }: FastifyError): [string, string, string] {
  const faults = validation as Fault[]
  // Of a choice between types the last one tells which values there are.
  const fault = faults[faults.length - 1]!
  const { keyword, params, data } = fault
  const place = fault.instancePath.slice(1).replaceAll('/', '.')
  const inside = (name: unknown) => (place ? `${place}.${name}` : String(name))
  const where = place || (validationContext ?? 'body')
  switch (keyword) {
    case 'required': {
      const param = inside(params.missingProperty)
      return [`Expected a value for ${param} but received none`, param, 'missing_value']
    }
    case 'additionalProperties': {
      const param = inside(params.additionalProperty)
      return [`Expected no ${param} but received one: this route does not know it`, param, 'unknown_field']
    }
    default:
      return [`Expected ${expected(fault)} for ${where} but received ${shown(data)}`, where, 'invalid_value']
  }
}

function expected({ keyword, params, parentSchema, message = 'another value' }: Fault): string {
  switch (keyword) {
    case 'type':
      return withArticle(String(params.type))
    case 'enum':
      return `one of ${(params.allowedValues as unknown[]).join(', ')}`
    case 'const':
      return JSON.stringify(params.allowedValue)
    case 'minimum':
      return `at least ${params.limit}`
    case 'maximum':
      return `at most ${params.limit}`
    case 'exclusiveMinimum':
      return `more than ${params.limit}`
    case 'minLength':
      return `at least ${params.limit} characters`
    case 'maxLength':
      return `at most ${params.limit} characters`
    case 'minItems':
      return `at least ${params.limit} items`
    case 'maxItems':
      return `at most ${params.limit} items`
    case 'anyOf':
      return parentSchema?.description ?? 'a value of another form'
    default:
      return message.replace(/^must /, 'a value that must ')
  }
}

function withArticle(type: string): string {
  return `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`
}

/** A value of any size, briefly. */
function shown(value: unknown): string {
  if (typeof value === 'string') {
    return value.length > 60
      ? `a string of ${[...value.slice(0, 1_000_000)].length} characters`
      : JSON.stringify(value)
  }
  if (Array.isArray(value)) return `an array of ${value.length}`
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
