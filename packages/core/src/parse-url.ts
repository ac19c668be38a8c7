/**
 * The URL of an absolute address; undefined when it is none. Not by `URL.canParse`: once Node 20 has optimised it (after
 * some thousand calls) it says no to every address with a letter such as "ö" in it.
 */
export function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}
