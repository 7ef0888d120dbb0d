/** A plain table: the first row is the heading; numbers stand to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const numeric = rows[0]!.map((_, column) =>
    rows.slice(1).every((row) => /^-?[\d.,]+( \S+)?$|^-?$/.test(row[column]!)),
  )
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (numeric[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd()
  const [heading, ...body] = rows
  return [line(heading!), widths.map((width) => '-'.repeat(width)).join('  '), ...body.map(line)].join('\n')
}

/** The most memory that this process has had, in bytes; the system counts in KiB. */
export function peakRss(): number {
  return process.resourceUsage().maxRSS * 1024
}

/** Bytes for people: "12.3 MB". */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
