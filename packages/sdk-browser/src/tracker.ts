import {
  ANONYMOUS_ID,
  anonymousId,
  isUsable,
  OPTED_OUT,
  recall,
  remember,
  USER_ID,
  uuid,
} from './identity.js'
import type { BrowserEvent, InitOptions } from './options.js'
import { ambient, chain, currentPath, fit } from './pages.js'
import { createTransport, type Transport } from './transport.js'
import { VERSION } from './version.js'
import { warn } from './warn.js'

export interface Tracker {
  init(options: InitOptions): void
  track(event: string, properties?: Record<string, unknown>): void
  identify(userId: string | number, traits?: Record<string, unknown>): void
  page(name?: string, properties?: Record<string, unknown>): void
  reset(): void
  flush(): Promise<void>
  optOut(): void
  optIn(): void
  getAnonymousId(): string | null
  setAnonymousId(id: string): void
}

function privacySignal(): boolean {
  return (
    navigator.doNotTrack === '1' || ('globalPrivacyControl' in navigator && !!navigator.globalPrivacyControl)
  )
}

/** The whole of the SDK: what `index` exports and what the script leaves at `window.mm`. */
export function createTracker(): Tracker {
  const ANONYMOUS = 128
  const USER = 256
  const EARLY_CALLS = 1000

  let options: InitOptions | undefined
  let transport: Transport | undefined
  let allowed = false
  let early: (() => void)[] = []
  let unchain: (() => void)[] = []
  let path = ''
  let search = ''
  let page = ''
  let referrer = ''

  const active = (): boolean => allowed && !recall(OPTED_OUT)

  const attempt = (call: () => void): void => {
    try {
      call()
    } catch (error) {
      warn('error', error)
    }
  }

  /** The call for the outside: waits for `init`, never throws, does nothing on a server. */
  const outside =
    <A extends unknown[]>(call: (...args: A) => void) =>
    (...args: A): void => {
      if (typeof window === 'undefined') return
      if (options) attempt(() => call(...args))
      else if (early.length < EARLY_CALLS) early.push(() => call(...args))
    }

  const capture = (event: string, properties?: Record<string, unknown>): void => {
    if (!active()) return
    const frozen = { event_id: uuid(), timestamp: new Date().toISOString() }
    const made: BrowserEvent = {
      event,
      ...frozen,
      anonymous_id: anonymousId(),
      user_id: recall(USER_ID),
      url: fit(location.href),
      path: currentPath(),
      referrer: fit(referrer) || undefined,
      properties: { ...(event === '$identify' ? {} : ambient()), ...properties },
      sdk_name: 'millimetric-browser',
      sdk_version: VERSION,
    }
    const kept = options?.beforeSend ? options.beforeSend(made) : made
    if (kept) transport?.add({ ...kept, ...frozen })
  }

  const show = (name?: string, properties?: Record<string, unknown>): void => {
    const { href } = location
    if (page && page !== href) referrer = page
    page = href
    capture('$pageview', name ? { $page_name: name, ...properties } : properties)
  }

  const navigated = (replaced?: unknown): void => {
    // Routers write filters and scroll positions into the address with replaceState: a new query alone is no
    // new page there.
    const moved = path !== currentPath() || (replaced !== true && search !== location.search)
    path = currentPath()
    search = location.search
    if (moved) attempt(show)
  }

  const unload = (): void => transport?.unload()

  const hidden = (): void => {
    if (document.hidden) unload()
  }

  const restored = (event: PageTransitionEvent): void => {
    if (event.persisted) attempt(show)
  }

  const begin = (): void => {
    if (!active()) return
    // A listener that is added twice is there once.
    addEventListener('pagehide', unload)
    addEventListener('visibilitychange', hidden)
    addEventListener('online', wake)
    if (options?.autoPageView === false) return
    path = currentPath()
    search = location.search
    if (!unchain[0]) unchain = [chain('pushState', navigated), chain('replaceState', () => navigated(true))]
    addEventListener('popstate', navigated)
    addEventListener('hashchange', navigated)
    addEventListener('pageshow', restored)
    show()
  }

  const wake = (): void => transport?.wake()

  const change = (key: string, longest: number, id: string | number): boolean => {
    const usable = isUsable(`${id}`, longest)
    if (!usable) warn('illegal_id', id)
    else if (active()) remember(key, `${id}`)
    return usable
  }

  const forget = (): void => {
    remember(ANONYMOUS_ID)
    remember(USER_ID)
  }

  return {
    init(given) {
      if (typeof window === 'undefined') return
      attempt(() => {
        if (given.key === options?.key) return
        if (!/^pk_/.test(given.key)) return warn('init() needs a public key, pk_...')
        unload()
        options = given
        transport = createTransport(given)
        allowed = given.respectPrivacySignals === false || !privacySignal()
        referrer = document.referrer
        early.forEach(attempt)
        early = []
        begin()
      })
    },
    track: outside(capture),
    identify: outside((id: string | number, traits?: Record<string, unknown>) => {
      if (change(USER_ID, USER, id)) capture('$identify', traits)
    }),
    page: outside(show),
    reset: forget,
    flush: async () => transport?.flush(),
    optOut() {
      remember(OPTED_OUT, '1')
      forget()
      transport?.clear()
      for (const undo of unchain) undo()
      unchain = []
    },
    optIn() {
      if (!recall(OPTED_OUT)) return
      remember(OPTED_OUT)
      attempt(begin)
    },
    getAnonymousId: () => (active() ? anonymousId() : null),
    setAnonymousId: outside((id: string) => void change(ANONYMOUS_ID, ANONYMOUS, id)),
  }
}
