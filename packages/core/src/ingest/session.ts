const HALF_HOUR_S = 1800

/**
 * `${anonymous_id}-${floor(unix_seconds / 1800)}` (wire-contract §7). Inside one half hour no gap can exceed
 * thirty minutes, so these are exact fragments of inactivity sessions, whatever order events arrive in. An
 * event without an anonymous id belongs to no derived session: the empty text.
 */
export function derivedSessionId(anonymousId: string, timestamp: number): string {
  return anonymousId === '' ? '' : `${anonymousId}-${Math.floor(timestamp / 1000 / HALF_HOUR_S)}`
}
