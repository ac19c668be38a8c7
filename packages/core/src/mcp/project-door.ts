import { toJsonSchema, trackEventSchema, trackResponseSchema } from '@millimetric/schema'
import { LIMITS } from '@millimetric/schema/limits'
import { type KeyPrincipal, requireScope } from '../auth/principal.js'
import { storeOne } from '../http/ingest-routes.js'
import { queryEvents } from '../query/events.js'
import type { Answer } from './clean.js'
import { cuttable, described } from './parameters.js'
import { listEvents, READ_TOOLS, type ReadTool } from './read-tools.js'
import { type Asking, type Door, type Resource, type Tool, takeFromLimit } from './tool.js'

/** What a key of one project finds at `/mcp`. */
export function projectDoor(): Door<KeyPrincipal> {
  return { tools: [trackTool(), ...READ_TOOLS.map(projectTool)], resources: RESOURCES }
}

function projectTool(tool: ReadTool): Tool<KeyPrincipal> {
  const { name, title, description, bare, less } = tool
  return {
    name,
    title,
    description,
    scope: 'read',
    input: described(tool.input()),
    output: cuttable(tool.output()),
    async run(asking, args) {
      const { deps, call, principal } = asking
      requireScope(principal, 'read')
      await takeFromLimit(asking, principal, tool.limited)
      const ask = async (asked: Answer): Promise<Answer> => ({
        ...(await tool.ask(deps.queryDeps, principal, asked, { signal: call.request.signal })),
      })
      const fewer = tool.paged && (async (limit: number) => await ask({ ...args, limit }))
      return { answer: await ask(args), bare, less, fewer }
    },
  }
}

function trackTool(): Tool<KeyPrincipal> {
  const input = toJsonSchema(trackEventSchema, 'input')
  return {
    name: 'track_event',
    title: 'Record an event',
    description:
      'Stores one event. With event_id the same event counts once, however often it is sent. It answers when the event is stored.',
    scope: 'ingest',
    input: described({
      ...input,
      properties: {
        ...input.properties,
        event: { ...input.properties.event, description: 'Name of the event, for example signup.' },
        properties: { type: 'object', description: 'Any JSON object, at most 8 KB.' },
      },
    }),
    output: toJsonSchema(trackResponseSchema),
    async run(asking, args) {
      const { deps, call, principal } = asking
      requireScope(principal, 'ingest')
      await takeFromLimit(asking, principal, 'track')
      return { answer: { ...(await storeOne(deps, { ...call, principal }, args)) }, less: '' }
    },
  }
}

const MONTH = '30d'

const RESOURCES: readonly Resource<KeyPrincipal>[] = [
  {
    uri: 'events://recent',
    name: 'recent-events',
    title: 'Recent events',
    description: 'The last 100 events of the last 30 days, newest first.',
    async read(asking) {
      const { deps, call, principal } = asking
      requireScope(principal, 'read')
      await takeFromLimit(asking, principal, 'query')
      const limit = LIMITS.queryLimitDefault
      const { signal } = call.request
      const { rows, meta } = await queryEvents(deps.queryDeps, principal, { range: MONTH, limit }, { signal })
      return { answer: { rows, meta }, less: 'call query_events with a limit' }
    },
  },
  {
    uri: 'schema://events',
    name: 'event-schema',
    title: 'Event names',
    description: 'Event names of the last 30 days with counts and the keys of their properties.',
    read: async (asking) => ({
      answer: await eventNames(asking, asking.principal),
      less: 'call list_events with a limit',
    }),
  },
]

/** The content of `schema://events` for one project. */
export async function eventNames(asking: Asking, principal: KeyPrincipal): Promise<Answer> {
  requireScope(principal, 'read')
  await takeFromLimit(asking, principal, 'schema')
  const { signal } = asking.call.request
  return { ...(await listEvents(asking.deps.queryDeps, principal, {}, { signal })) }
}
