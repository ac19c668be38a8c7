import type { JsonType } from '@millimetric/schema/wire'
import type { PlanScope, ResultFacts } from './query-plan.js'

/** Event names, and the keys of their properties: most frequent first, ties by name. */
export interface SchemaPlan extends PlanScope {
  readonly kind: 'schema'
  /** Event names. */
  readonly limit: number
  /** Keys of each event. */
  readonly properties_limit: number
}

interface Seen {
  readonly count: number
  /** Epoch milliseconds. */
  readonly first_seen: number
  readonly last_seen: number
}

export interface SchemaResultProperty extends Seen {
  readonly key: string
  /** Events by the type of the value; none is 0. */
  readonly types: { readonly [T in JsonType]?: number }
}

export interface SchemaResultEvent extends Seen {
  readonly name: string
  readonly properties: readonly SchemaResultProperty[]
  readonly properties_truncated: boolean
}

export interface SchemaResult extends ResultFacts {
  readonly events: readonly SchemaResultEvent[]
}
