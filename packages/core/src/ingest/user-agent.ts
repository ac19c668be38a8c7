import Bowser from 'bowser'
import { isbot } from 'isbot'

/** What a user agent says; empty text where it says nothing. */
export interface UserAgentFacts {
  readonly device_type: '' | 'mobile' | 'tablet' | 'desktop'
  readonly browser: string
  readonly os: string
  readonly is_bot: boolean
}

export const UNKNOWN_AGENT: UserAgentFacts = { device_type: '', browser: '', os: '', is_bot: false }

// Names of the contract (wire-contract §6.1) for what bowser reports.
const BROWSERS: Readonly<Record<string, string>> = {
  chrome: 'chrome',
  chromium: 'chrome',
  firefox: 'firefox',
  safari: 'safari',
  'microsoft edge': 'edge',
  opera: 'opera',
  'opera touch': 'opera',
  'samsung internet for android': 'samsung',
  'internet explorer': 'ie',
  vivaldi: 'vivaldi',
  'yandex browser': 'yandex',
}

const SYSTEMS: Readonly<Record<string, string>> = {
  windows: 'windows',
  macos: 'macos',
  android: 'android',
  ios: 'ios',
  linux: 'linux',
  'chrome os': 'chromeos',
}

export type ReadUserAgent = (userAgent: string) => UserAgentFacts

/**
 * Reads user agents behind a cache of the last `size` distinct ones: parsing costs tens of microseconds and
 * real traffic repeats a few hundred agents. Never throws.
 */
export function createUserAgentReader(size: number): ReadUserAgent {
  const cache = new Map<string, UserAgentFacts>()
  return (userAgent) => {
    if (userAgent === '') return UNKNOWN_AGENT
    const hit = cache.get(userAgent)
    if (hit !== undefined) return hit
    const facts = parse(userAgent)
    if (cache.size >= size) {
      const oldest = cache.keys().next()
      if (!oldest.done) cache.delete(oldest.value)
    }
    cache.set(userAgent, facts)
    return facts
  }
}

function parse(userAgent: string): UserAgentFacts {
  try {
    const { browser, os, platform } = Bowser.parse(userAgent)
    return {
      browser: BROWSERS[browser.name?.toLowerCase() ?? ''] ?? '',
      os: SYSTEMS[os.name?.toLowerCase() ?? ''] ?? '',
      device_type: deviceType(platform.type),
      is_bot: isbot(userAgent),
    }
  } catch {
    return { ...UNKNOWN_AGENT, is_bot: isbot(userAgent) }
  }
}

function deviceType(type: string | undefined): UserAgentFacts['device_type'] {
  return type === 'mobile' || type === 'tablet' || type === 'desktop' ? type : ''
}
