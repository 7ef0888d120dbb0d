/** Forms with recordings. */
import type { FastifyRequest } from 'fastify'
import { badRequest } from './errors.js'

export interface Form<Name extends string> {
  fields: Partial<Record<Name, string>>
  files: Uint8Array[]
}

/**
 * Reads a form into memory, within the limits of the server.
 *
 * @param names of the fields that it may have
 * @param fileField the name of its files
 * @throws ApiError 400
 */
export async function readForm<Name extends string>(
  request: FastifyRequest,
  names: readonly Name[],
  fileField: string,
): Promise<Form<Name>> {
  const fields: Partial<Record<Name, string>> = {}
  const files: Uint8Array[] = []
  for await (const part of request.parts()) {
    if (part.type === 'file') {
      if (part.fieldname !== fileField && part.fieldname !== `${fileField}[]`) throw unknown(part.fieldname)
      files.push(await part.toBuffer())
      continue
    }
    const name = names.find((each) => each === part.fieldname)
    if (name === undefined) throw unknown(part.fieldname)
    if (typeof part.value !== 'string' || part.valueTruncated)
      throw badRequest(`Expected a short text for ${name} but received another one`, name)
    if (fields[name] !== undefined) throw badRequest(`Expected one value for ${name} but received two`, name)
    fields[name] = part.value
  }
  if (files.length === 0)
    throw badRequest(
      `Expected at least one file for ${fileField} but received none`,
      fileField,
      'missing_value',
    )
  return { fields, files }
}

function unknown(name: string) {
  const shown = name.slice(0, 60)
  return badRequest(
    `Expected no ${shown} but received one: this route does not know it`,
    shown,
    'unknown_field',
  )
}
