import { parseUrl } from '../parse-url.js'
import { normalizeAddress } from './address.js'

/** Traffic of one's own, which is dropped: an event is out as soon as one of the lists holds it. */
export interface OwnTraffic {
  /** Origins as browsers send them: `http://localhost:3000`, `https://staging.example.com`. */
  readonly origins?: readonly string[] | undefined
  /** Addresses and ranges: `203.0.113.7`, `10.0.0.0/8`, `2001:db8::/32`. */
  readonly addresses?: readonly string[] | undefined
  /** Prefixes of keys, the 8 characters in their third part. */
  readonly keys?: readonly string[] | undefined
}

export interface OwnTrafficFacts {
  /** Of the request, and of the page that the event names. */
  readonly origins: readonly (string | null | undefined)[]
  /** Address of the visitor, empty when unknown. */
  readonly address: string
  /** Prefix of the key; undefined in process. */
  readonly key: string | undefined
}

export type IsOwnTraffic = (facts: OwnTrafficFacts) => boolean

/** Compiles the lists. Throws a TypeError that names an entry which is no origin, address, range or prefix. */
export function ownTrafficMatcher({ origins = [], addresses = [], keys = [] }: OwnTraffic): IsOwnTraffic {
  const pages = new Set(origins.map(readOrigin))
  const ranges = addresses.map(readRange)
  const prefixes = new Set(keys.map(readPrefix))
  return ({ origins: seen, address, key }) => {
    if (key !== undefined && prefixes.has(key)) return true
    if (pages.size > 0 && seen.some((origin) => typeof origin === 'string' && pages.has(origin))) return true
    if (ranges.length === 0 || address === '') return false
    const bits = addressBits(address)
    return bits !== undefined && ranges.some((range) => isWithin(bits, range))
  }
}

interface AddressBits {
  readonly length: 32 | 128
  readonly value: bigint
}

interface Range extends AddressBits {
  /** Bits that are not compared. */
  readonly free: bigint
}

function readOrigin(origin: string): string {
  if (parseUrl(origin)?.origin === origin) return origin
  throw new TypeError(`ownTraffic.origins: "${origin}" is no origin such as http://localhost:3000.`)
}

function readPrefix(prefix: string): string {
  if (/^[0-9a-f]{8}$/.test(prefix)) return prefix
  throw new TypeError(
    'ownTraffic.keys holds what is no prefix of a key: 8 of 0-9 and a-f, never a whole key.',
  )
}

function readRange(text: string): Range {
  const [address = '', size, ...rest] = text.split('/')
  const bits = addressBits(normalizeAddress(address))
  const length = size === undefined ? bits?.length : /^\d{1,3}$/.test(size) ? Number(size) : undefined
  if (bits === undefined || length === undefined || length > bits.length || rest.length > 0) {
    throw new TypeError(`ownTraffic.addresses: "${text}" is no address or range such as 10.0.0.0/8.`)
  }
  return { ...bits, free: BigInt(bits.length - length) }
}

function isWithin(bits: AddressBits, range: Range): boolean {
  return bits.length === range.length && bits.value >> range.free === range.value >> range.free
}

/** Of an address in its one spelling; undefined for anything else. */
function addressBits(address: string): AddressBits | undefined {
  if (/^[\d.]+$/.test(address)) {
    const value = address.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n)
    return { length: 32, value }
  }
  if (!address.includes(':')) return undefined
  const [head = '', tail] = address.split('::')
  const left = groups(head)
  const right = groups(tail ?? '')
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0')
  const all = [...left, ...(tail === undefined ? [] : zeros), ...right]
  const value = all.reduce((sum, part) => (sum << 16n) | BigInt(`0x${part}`), 0n)
  return { length: 128, value }
}

function groups(text: string): string[] {
  return text === '' ? [] : text.split(':')
}
