import { randomBase64Url, randomHex, sha256Hex } from '#crypto'
import type { KeyEnv, KeyKind, Pepper } from '../ports/key-store.js'

/** The parts of a key text `{kind}_{env}_{prefix}_{secret}`. */
export interface ParsedKey {
  readonly kind: KeyKind
  readonly env: KeyEnv
  /** 8 lower-case hex characters: the lookup key, safe to show and log. */
  readonly prefix: string
  /** 43 base64url characters, 256 bits. */
  readonly secret: string
}

// The secret may hold `_` and `-`, so the text is matched as a whole and never split.
const KEY = /^(pk|sk|rk|ak)_(live|test)_([0-9a-f]{8})_([A-Za-z0-9_-]{43})$/
const KEY_LENGTH = 60

/** A new random key. The text goes to its owner once; only a hash of the secret may be kept. */
export function mintKey(kind: KeyKind, env: KeyEnv): { parsed: ParsedKey; text: string } {
  const parsed = { kind, env, prefix: randomHex(4), secret: randomBase64Url(32) }
  return { parsed, text: `${kind}_${env}_${parsed.prefix}_${parsed.secret}` }
}

/** The parts of a key, or undefined when the text has any other form. */
export function parseKey(text: string): ParsedKey | undefined {
  if (text.length !== KEY_LENGTH) return undefined
  const [, kind, env, prefix, secret] = KEY.exec(text) ?? []
  if (!isKind(kind) || !isEnv(env) || prefix === undefined || secret === undefined) return undefined
  return { kind, env, prefix, secret }
}

/** Hex of sha256(secret + pepper): the stored form. */
export function hashSecret(secret: string, pepper: Pepper): string | Promise<string> {
  return sha256Hex(secret + pepper.value)
}

function isKind(text: string | undefined): text is KeyKind {
  return text === 'pk' || text === 'sk' || text === 'rk' || text === 'ak'
}

function isEnv(text: string | undefined): text is KeyEnv {
  return text === 'live' || text === 'test'
}
