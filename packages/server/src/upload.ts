/** Forms with recordings. */
import type { MultipartFile, MultipartValue } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import { ApiError, badRequest } from './errors.js'

export interface Form<Name extends string> {
  fields: Partial<Record<Name, string>>
  files: Uint8Array[]
}

/**
 * Reads a form into memory, within the limits of the server.
 *
 * @param names of the fields that it may have
 * @param fileField the name of its files
 * @throws ApiError 400, once the form has been read to its end: a client that still sends might not see the answer
 */
export async function readForm<Name extends string>(
  request: FastifyRequest,
  names: readonly Name[],
  fileField: string,
): Promise<Form<Name>> {
  const form: Form<Name> = { fields: {}, files: [] }
  let fault: unknown
  try {
    for await (const part of request.parts()) {
      try {
        if (part.type === 'file') await takeFile(part, form, fileField)
        else takeField(part, form, names)
      } catch (error) {
        fault ??= error
      }
    }
  } catch (error) {
    fault ??= error
  }
  if (fault) throw isKnown(fault) ? fault : brokenForm(fault)
  if (form.files.length > 0) return form
  throw badRequest(
    `Expected at least one file for ${fileField} but received none`,
    fileField,
    'missing_value',
  )
}

async function takeFile(part: MultipartFile, { files }: Form<string>, fileField: string): Promise<void> {
  const bytes = await part.toBuffer()
  if (part.fieldname !== fileField && part.fieldname !== `${fileField}[]`) throw unknown(part.fieldname)
  files.push(bytes)
}

function takeField<Name extends string>(
  { fieldname, value, valueTruncated }: MultipartValue,
  { fields }: Form<Name>,
  names: readonly Name[],
): void {
  const name = names.find((each) => each === fieldname)
  if (name === undefined) throw unknown(fieldname)
  if (typeof value !== 'string' || valueTruncated) {
    throw badRequest(`Expected a text of at most 64 kB for ${name} but received another value`, name)
  }
  if (fields[name] !== undefined) throw badRequest(`Expected one value for ${name} but received two`, name)
  fields[name] = value
}

/** An error of ours, or of the plugin, such as that of a limit. What the parser throws has no status. */
function isKnown(error: unknown): boolean {
  return error instanceof ApiError || typeof (error as { statusCode?: unknown }).statusCode === 'number'
}

function brokenForm(error: unknown) {
  const reason = error instanceof Error ? error.message : String(error)
  return badRequest(`Expected a whole form but received a broken one: ${reason}`, undefined, 'invalid_form')
}

function unknown(name: string) {
  const shown = name.slice(0, 60)
  return badRequest(
    `Expected no ${shown} but received one: this route does not know it`,
    shown,
    'unknown_field',
  )
}
