import { sha256Hex } from '#crypto'
import { AnalyticsError } from '../errors.js'
import { requireOptionNames } from '../option-names.js'

/**
 * The secret mixed into every key hash, at least 16 characters; kept outside the database. To change it, put
 * the old one under `previous`: keys made with it keep working, new keys use `current`.
 */
export type PepperOption = string | { readonly current: string; readonly previous?: readonly string[] }

/** A pepper and the name that is stored beside each hash made with it. */
interface NamedPepper {
  readonly id: string
  readonly value: string
}

const MINIMUM = 16

/** Throws `invalid_options` for a pepper that is missing or too short. The message never holds the pepper. */
export function requirePepper(option: PepperOption): readonly [string, ...string[]] {
  if (typeof option === 'object' && option !== null) {
    requireOptionNames('pepper', option, { current: true, previous: true })
  }
  const { current, previous = [] } =
    typeof option === 'object' && option !== null ? option : { current: option }
  for (const value of [current, ...previous]) {
    if (typeof value === 'string' && value.length >= MINIMUM) continue
    throw new AnalyticsError(
      'invalid_options',
      `The pepper must be a text of at least ${MINIMUM} characters. Make one with "openssl rand -hex 32", keep it ` +
        'in the environment (for example API_KEY_PEPPER) and never change it without keeping the old one under "previous".',
    )
  }
  return [current, ...previous]
}

/** Names each pepper by the first 12 hex characters of its SHA-256, so that a wrong one is recognised. */
export async function namePeppers(
  values: readonly [string, ...string[]],
): Promise<readonly [NamedPepper, ...NamedPepper[]]> {
  const [current, ...previous] = values
  return [await namePepper(current), ...(await Promise.all(previous.map(namePepper)))]
}

async function namePepper(value: string): Promise<NamedPepper> {
  return { id: (await sha256Hex(value)).slice(0, 12), value }
}
