import type { StoredEvent } from '../ports/event-store.js'

/** Project that {@link storedEvent} belongs to unless told otherwise. */
export const TEST_PROJECT = '11111111-1111-4111-8111-111111111111'
export const OTHER_PROJECT = '22222222-2222-4222-8222-222222222222'

/** 2026-05-16T12:00:00Z, epoch milliseconds. */
export const TEST_NOON: number = Date.UTC(2026, 4, 16, 12)

/** A complete stored event; fields that matter are given, the rest is plain. */
export function storedEvent(fields: Partial<StoredEvent> & { event_id: string }): StoredEvent {
  const anonymous_id = fields.anonymous_id ?? 'visitor'
  const timestamp = fields.timestamp ?? TEST_NOON
  return {
    project_id: TEST_PROJECT,
    event_name: '$pageview',
    received_at: timestamp,
    client_timestamp: null,
    seq: 0,
    body_hash: 0,
    user_id: '',
    session_id: anonymous_id === '' ? '' : `${anonymous_id}-${Math.floor(timestamp / 1_800_000)}`,
    url: 'https://site.test/',
    hostname: 'site.test',
    path: '/',
    referrer: '',
    referrer_host: '',
    source: 'direct',
    medium: 'direct',
    campaign: '',
    term: '',
    content: '',
    channel: 'direct',
    source_confidence: 'high',
    source_rule_id: 'direct',
    country: 'DE',
    device_type: 'desktop',
    browser: 'firefox',
    os: 'linux',
    is_bot: false,
    ip_hash: '',
    properties: '{}',
    sdk_name: '',
    sdk_version: '',
    ...fields,
    anonymous_id,
    timestamp,
  }
}
