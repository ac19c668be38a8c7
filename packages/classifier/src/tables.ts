import type { Kind } from './channels.js'
import { AGENTS, APPS, PASS_THROUGH } from './tables/apps.js'
import { AI, EMAIL, SEARCH, SOCIAL, VIDEO } from './tables/hosts.js'
import { MEDIUMS } from './tables/mediums.js'
import { CLICK_IDS, TAGS } from './tables/params.js'
import { SOURCES } from './tables/sources.js'

/** A table of hosts of one kind, in the notation of `addHosts`. */
export interface HostTable {
  readonly kind: Kind
  readonly table: string
  /** Every click from there is an advert. */
  readonly paid?: boolean
  /** Pages passed through on the way back, no places to come from. */
  readonly drop?: boolean
}

/** Everything that the rules know by name. */
export interface Tables {
  readonly hosts: readonly HostTable[]
  readonly clickIds: string
  readonly tags: string
  readonly mediums: string
  readonly sources: string
  readonly apps: string
  readonly agents: string
}

export const TABLES: Tables = {
  hosts: [
    { kind: 'search', table: SEARCH },
    { kind: 'social', table: SOCIAL },
    { kind: 'video', table: VIDEO },
    { kind: 'email', table: EMAIL },
    { kind: 'ai', table: AI },
    { kind: 'referral', table: PASS_THROUGH, drop: true },
  ],
  clickIds: CLICK_IDS,
  tags: TAGS,
  mediums: MEDIUMS,
  sources: SOURCES,
  apps: APPS,
  agents: AGENTS,
}
