const LONGEST = 2048

/** Cuts after the last part (parameter, fragment) that fits, so that what is left is a URL and each value whole. */
export function fit(url: string): string {
  return url.length > LONGEST
    ? url
        .slice(0, LONGEST + 1)
        .replace(/[?&#][^?&#]*$/, '')
        .slice(0, LONGEST)
    : url
}

/** Path of the page; a hash route (`#/…`, `#!…`) is part of it, a jump inside the page is not. */
export function currentPath(): string {
  return (location.pathname + (/^#[/!]/.test(location.hash) ? location.hash : '')).slice(0, LONGEST)
}

/** What the browser itself knows, as `$` properties. */
export function ambient(): Record<string, unknown> {
  const properties: Record<string, unknown> = {
    $viewport_w: innerWidth,
    $viewport_h: innerHeight,
    $language: navigator.language,
    $timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  }
  new URLSearchParams(location.search).forEach((value, name) => {
    if (/^(utm_\w+|(fb|g|tt|ms)clid|li_fat_id)$/.test(name)) properties[`$${name}`] = value
  })
  return properties
}

/**
 * Calls `changed` after each call of a method of `history`. The method is chained; the returned function puts
 * it back unless somebody else has chained theirs on top.
 */
export function chain(name: 'pushState' | 'replaceState', changed: () => void): () => void {
  const original = history[name]
  const chained: typeof original = function (this: History, ...args) {
    original.apply(this, args)
    changed()
  }
  history[name] = chained
  return () => {
    if (history[name] === chained) history[name] = original
  }
}
