/** One request of an access log in the combined (or common) format. */
export interface LogLine {
  /** Address or name of the client. */
  host: string
  /** Epoch milliseconds. */
  time: number
  method: string
  /** The request target as sent, empty when the request line is not one. */
  target: string
  status: number
  bytes: number
  /** Empty when the client sent none. */
  referrer: string
  userAgent: string
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const TIME = /^(\d{2})\/(\w{3})\/(\d{4}):(\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})$/

/**
 * Reads `host ident user [time] "request" status bytes "referrer" "user agent"`. Tolerant where logs are
 * torn in practice: the user agent and its closing quote may be missing and further fields may follow.
 * Undefined when host, time, request or status can't be read.
 */
export function parseLogLine(line: string): LogLine | undefined {
  const open = line.indexOf(' [')
  const close = line.indexOf('] "', open)
  if (open <= 0 || close < 0) return undefined
  const time = parseTime(line.slice(open + 2, close))
  const host = line.slice(0, line.indexOf(' '))
  const request = quoted(line, close + 2)
  const numbers = /^ (\d{3}) (\d+|-)(?= |$)/.exec(line.slice(request.end))
  if (host === '' || time === undefined || numbers === null) return undefined
  const referrer = quoted(line, request.end + numbers[0].length + 1)
  const userAgent = quoted(line, referrer.end + 1)
  const [method = '', target = ''] = /^[A-Za-z]+ \S/.test(request.text) ? request.text.split(' ') : []
  return {
    host,
    time,
    method,
    target,
    status: Number(numbers[1]),
    bytes: numbers[2] === '-' ? 0 : Number(numbers[2]),
    referrer: dash(referrer.text),
    userAgent: dash(userAgent.text),
  }
}

/** The quoted text that starts at `start` and where it ends; one without a closing quote ends with the line. */
function quoted(line: string, start: number): { text: string; end: number } {
  if (line[start] !== '"') return { text: '', end: start }
  let end = start + 1
  while (end < line.length && line[end] !== '"') end += line[end] === '\\' ? 2 : 1
  return { text: decodeEscapes(line.slice(start + 1, end)), end: Math.min(end + 1, line.length) }
}

/** Servers write a quote as `\"` or `\x22` and bytes beyond ASCII as `\xNN`. */
function decodeEscapes(text: string): string {
  if (!text.includes('\\')) return text
  return text.replace(/(?:\\x[0-9a-f]{2})+|\\(["\\])/gi, (run, escaped: string | undefined) =>
    escaped === undefined ? Buffer.from(run.replaceAll('\\x', ''), 'hex').toString('utf8') : escaped,
  )
}

function dash(text: string): string {
  return text === '-' ? '' : text
}

function parseTime(text: string): number | undefined {
  const parts = TIME.exec(text)
  const month = MONTHS.indexOf(parts?.[2] ?? '')
  if (parts === null || month < 0) return undefined
  const [day, year, hour, minute, second] = [1, 3, 4, 5, 6].map((index) => Number(parts[index]))
  const offset = (Number(parts[8]) * 60 + Number(parts[9])) * (parts[7] === '-' ? -1 : 1)
  return Date.UTC(year ?? 0, month, day, hour, minute, second) - offset * 60_000
}
