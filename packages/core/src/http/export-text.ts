import { EXPORT_COLUMNS, type ExportFormat, type ExportRow } from '@millimetric/schema/wire'

const PIECE_LENGTH = 65_536

/** The lines of an export, many at once. */
export async function* exportText(
  format: ExportFormat,
  pages: AsyncIterable<readonly ExportRow[]>,
): AsyncGenerator<string, void, undefined> {
  const line = format === 'csv' ? csvLine : jsonLine
  let text = format === 'csv' ? `${EXPORT_COLUMNS.join(',')}\r\n` : ''
  for await (const page of pages) {
    for (const row of page) {
      text += line(row)
      if (text.length < PIECE_LENGTH) continue
      yield text
      text = ''
    }
  }
  if (text !== '') yield text
}

function jsonLine(row: ExportRow): string {
  return `${JSON.stringify(row)}\n`
}

function csvLine(row: ExportRow): string {
  return `${EXPORT_COLUMNS.map((name) => csvField(row[name])).join(',')}\r\n`
}

function csvField(value: string | number | boolean | null): string {
  if (value === null) return ''
  if (typeof value !== 'string') return String(value)
  // Visitors write these texts, and a spreadsheet would run what begins so as a formula.
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
