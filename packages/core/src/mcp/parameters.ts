import type { JsonSchema, ObjectSchema } from '@millimetric/schema'

const SAID: Readonly<Record<string, string>> = {
  from: 'Start, inclusive: ISO 8601, read in timezone when it names no zone.',
  to: 'End, exclusive: ISO 8601.',
  range: 'Instead of from and to: today, yesterday, week, month, or such as 7d, 30d, 24h.',
  timezone: "IANA name; the project's zone by default.",
  include_bots: 'Count known crawlers too; false by default.',
  event: 'Only events of this name, for example $pageview.',
  limit: 'How many rows at most.',
  cursor: 'The next_cursor of the answer before, with otherwise the same arguments.',
  metric: 'One metric, whose column is value; count by default.',
  metrics: 'Instead of metric: several, each a column.',
  group_by: 'Rows by these, for example ["source"]; properties.<key> for properties.',
  interval: 'One row for each of these, zeros included.',
  goal: 'For conversion_rate: the event that counts, { "event": "signup" }.',
  compare: 'The same of an earlier period, as previous in each row.',
  order_by: 'Columns; a leading - means largest first.',
  totals: 'One more row over all groups.',
  other: 'One more row over the groups beyond limit.',
  steps: 'In order: [{ "event": "$pageview" }, { "event": "signup" }].',
  window: 'Time that all steps may take: 30m, 12h or 14d (the default).',
  conversion: 'The event that is brought about: { "event": "signup" }.',
  lookback: 'How long before it touches count, for example 30d.',
  value: 'A property to sum up, for example properties.amount.',
  properties_limit: 'Keys of properties an event, 10 by default.',
}

/** With a word on each parameter that has none: a model knows only what stands here. */
export function described(schema: ObjectSchema): ObjectSchema {
  const properties = Object.fromEntries(
    Object.entries(schema.properties).map(([name, value]): [string, JsonSchema] => {
      const description = SAID[name]
      const silent = description !== undefined && value.description === undefined
      return [name, silent ? { ...value, description } : value]
    }),
  )
  return { ...schema, properties }
}

const CUT: JsonSchema = {
  type: 'array',
  description: 'Lists that were shortened so that the result fits.',
  items: {
    type: 'object',
    properties: { list: { type: 'string' }, shown: { type: 'integer' }, of: { type: 'integer' } },
    required: ['list', 'shown', 'of'],
  },
}

/** An answer that may be shortened. */
export function cuttable(schema: ObjectSchema): ObjectSchema {
  return { ...schema, properties: { ...schema.properties, cut: CUT } }
}
