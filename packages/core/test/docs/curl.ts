/** What a `curl` line asks for: address, `-H`, `-d` (then POST) and `-X`, with `$NAME` filled in. */
export function readCurl(
  line: string,
  values: Readonly<Record<string, string>>,
): { url: string; init: RequestInit } {
  const words = [...line.matchAll(/'([^']*)'|"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, plain, quoted, bare]) =>
    plain === undefined ? fill(quoted ?? bare ?? '', values) : plain,
  )
  const headers = new Headers()
  let url = ''
  let method = 'GET'
  let body: string | undefined
  if (words.shift() !== 'curl') throw new TypeError('not a curl line')
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    const next = words[at + 1] ?? ''
    if (word === '\\' || word === '-N' || word === '-s') continue
    if (word.startsWith('-')) at += 1
    if (word === '-H')
      headers.append(next.slice(0, next.indexOf(':')), next.slice(next.indexOf(':') + 1).trim())
    else if (word === '-X') method = next
    else if (word === '-d') [body, method] = [next, method === 'GET' ? 'POST' : method]
    else if (word.startsWith('-')) throw new TypeError(`an option this test does not know: ${word}`)
    else url = word
  }
  return { url, init: { method, headers, ...(body === undefined ? {} : { body }) } }
}

function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\$(\w+)/g, (_, name: string) => values[name] ?? '')
}
