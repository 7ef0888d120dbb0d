/** The fields of one record of a CSV file (RFC 4180). */

/** @returns undefined if the quotes do not match */
export function splitCsv(record: string, separator: string): string[] | undefined {
  const fields: string[] = []
  let at = 0
  for (;;) {
    if (record[at] === '"') {
      const quoted = /"((?:[^"]|"")*)"/y
      quoted.lastIndex = at
      const found = quoted.exec(record)
      if (!found) return undefined
      fields.push(found[1]!.replaceAll('""', '"'))
      at = quoted.lastIndex
      if (at < record.length && record[at] !== separator) return undefined
    } else {
      const end = record.indexOf(separator, at)
      fields.push(record.slice(at, end === -1 ? undefined : end))
      at = end === -1 ? record.length : end
    }
    if (at >= record.length) return fields
    at++ // a separator, behind which another field follows
    if (at === record.length) return [...fields, '']
  }
}
