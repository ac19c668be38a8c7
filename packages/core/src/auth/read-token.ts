import { tokenClaimsSchema } from '@millimetric/schema'
import type { TokenClaims } from '@millimetric/schema/wire'
import { constantTimeEqualHex, hmacSha256Hex, sha256Hex } from '#crypto'
import type { KeyEnv, KeyStore, Pepper } from '../ports/key-store.js'

/** The parts of a read token `rt_{env}_1.{pepper id}.{claims}.{signature}`; 1 is the version of the form. */
export interface ParsedToken {
  readonly kind: 'rt'
  readonly pepper_id: string
  /** Base64url of JSON. */
  readonly claims: string
  /** Everything in front of the signature. */
  readonly signed: string
  /** Lower-case hex. */
  readonly signature: string
}

/** Signs and checks read tokens. They are stored nowhere: whoever has the pepper can tell a true one. */
export interface TokenSigner {
  /** Undefined when the claims make a token of more than {@link LONGEST_TOKEN} characters. */
  sign(env: KeyEnv, claims: TokenClaims): Promise<string | undefined>
  /** What a token says; undefined unless it was signed here. Whether it is over is not looked at. */
  read(token: ParsedToken): Promise<TokenClaims | undefined>
}

/** Headers of 16 KB are what servers take; a token leaves room for the rest. */
export const LONGEST_TOKEN = 4_096
const TOKEN = /^(rt_(?:live|test)_1\.([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]+))\.([0-9a-f]{64})$/

/** The parts of a token, or undefined when the text has any other form. */
export function parseToken(text: string): ParsedToken | undefined {
  if (text.length > LONGEST_TOKEN) return undefined
  const [, signed, pepper_id, claims, signature] = TOKEN.exec(text) ?? []
  if (signed === undefined || pepper_id === undefined) return undefined
  if (claims === undefined || signature === undefined) return undefined
  return { kind: 'rt', pepper_id, claims, signed, signature }
}

// Hashed and compared for unknown peppers, so that they cost what a wrong signature costs.
const NO_KEY = '0'.repeat(64)

/**
 * Tokens are signed with a key made of the pepper, so the host keeps no further secret. A token names its pepper: those
 * of a previous one stay good until they are over, or the pepper is dropped.
 */
export function createTokenSigner({ keys }: { keys: Pick<KeyStore, 'peppers'> }): TokenSigner {
  const known = new Map<string, string>()

  async function keyOf({ value }: Pepper): Promise<string> {
    const key = known.get(value) ?? (await sha256Hex(`read tokens\n${value}`))
    known.set(value, key)
    return key
  }

  return {
    async sign(env, claims) {
      const [pepper] = await keys.peppers()
      const signed = `rt_${env}_1.${pepper.id}.${encode(JSON.stringify(claims))}`
      const token = `${signed}.${await hmacSha256Hex(await keyOf(pepper), signed)}`
      return parseToken(token) === undefined ? undefined : token
    },
    async read({ pepper_id, claims, signed, signature }) {
      const pepper = (await keys.peppers()).find(({ id }) => id === pepper_id)
      const right = await hmacSha256Hex(pepper === undefined ? NO_KEY : await keyOf(pepper), signed)
      if (!constantTimeEqualHex(right, signature) || pepper === undefined) return undefined
      const read = tokenClaimsSchema.safeParse(JSON.parse(decode(claims)))
      // Signed by another version of this library, which knew other filters.
      return read.success ? read.data : undefined
    },
  }
}

function encode(text: string): string {
  const bytes = new TextEncoder().encode(text)
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

function decode(text: string): string {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return new TextDecoder().decode(Uint8Array.from(binary, (char) => char.charCodeAt(0)))
}
