/** A plain table. The first row is the heading; columns of numbers are right-aligned. */
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

/** Peak memory of this process in bytes; the system counts in KiB. */
export function peakRss(): number {
  return process.resourceUsage().maxRSS * 1024
}

/** Formats bytes: "12.3 MB". */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
