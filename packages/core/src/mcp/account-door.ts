import {
  compareParamsSchema,
  compareResponseSchema,
  type JsonSchema,
  type ObjectSchema,
  projectListResponseSchema,
  toJsonSchema,
} from '@millimetric/schema'
import type { ComparedProject, ProjectListResponse } from '@millimetric/schema/wire'
import { invalidField, knownFields } from '../auth/input-field.js'
import { type AccountPrincipal, inProject } from '../auth/principal.js'
import { readParams } from '../query/plan.js'
import { queryStats } from '../query/stats.js'
import { chooseProjects, ofEach, SELECTORS, visibleProjects } from './chosen-projects.js'
import type { Answer } from './clean.js'
import { cuttable, described } from './parameters.js'
import { eventNames } from './project-door.js'
import { READ_TOOLS, type ReadTool } from './read-tools.js'
import type { Found } from './result.js'
import { mergeAnswers, spreadSchema } from './spread.js'
import { type Asking, type Door, type Tool, takeFromLimit } from './tool.js'

type Account = Asking<AccountPrincipal>

/** What an account key finds at `/mcp/account`. */
export function accountDoor(): Door<AccountPrincipal> {
  return {
    tools: [listTool(), compareTool(), ...READ_TOOLS.map(accountTool)],
    resources: [
      {
        uri: 'projects://all',
        name: 'projects',
        title: 'Projects',
        description: 'Every project of the account.',
        read: async (asking) => ({ answer: { ...(await projectList(asking)) }, less: 'call list_projects' }),
      },
      {
        uri: 'schema://events',
        name: 'event-schema',
        title: 'Event names',
        description:
          'Event names of the last 30 days of every project, with counts and the keys of their properties.',
        read: everySchema,
      },
    ],
  }
}

/** A question about one project, asked of several. */
function accountTool(tool: ReadTool): Tool<AccountPrincipal> {
  const { name, title, description, bare, less } = tool
  return {
    name,
    title,
    description: `${description} Of all projects or those named: each row has its project_id, limit counts for each project.`,
    scope: 'read',
    input: described(withSelectors(tool.input(), name === 'get_stats')),
    output: cuttable(spreadSchema(tool.output())),
    async run(asking, args) {
      const { deps, call, principal } = asking
      const { projects, rest } = await chooseProjects(asking, args)
      const params = name === 'get_stats' ? withoutProject(rest) : rest
      if (params.cursor !== undefined && projects.length > 1) {
        throw invalidField('cursor', 'is a place in one project: name that one by project_id.')
      }
      for (const project of projects) await takeFromLimit(asking, inProject(principal, project), tool.limited)
      const ask = async (asked: Answer): Promise<Answer> =>
        mergeAnswers(
          await ofEach(projects, async (project) => {
            const answer = await tool.ask(deps.queryDeps, inProject(principal, project), asked, {
              signal: call.request.signal,
            })
            return { project_id: project.id, answer: { ...answer } }
          }),
        )
      const fewer =
        tool.paged &&
        (async (rows: number) =>
          await ask({ ...params, limit: Math.max(1, Math.floor(rows / projects.length)) }))
      const narrower = projects.length > 1 ? `${less}, or name fewer projects` : less
      return { answer: await ask(params), bare, less: narrower, fewer }
    },
  }
}

function withSelectors(schema: ObjectSchema, groups: boolean): ObjectSchema {
  const group_by = groups && {
    ...schema.properties.group_by,
    description: 'Rows by these, for example ["project_id", "source"]; rows are always by project.',
  }
  return {
    ...schema,
    properties: {
      ...SELECTORS,
      ...schema.properties,
      ...(group_by ? { group_by: withName(group_by, 'project_id') } : {}),
    },
  }
}

/** A list of names that may hold one more. */
function withName(list: JsonSchema, name: string): JsonSchema {
  return { ...list, items: { anyOf: [{ const: name }, ...(list.items === undefined ? [] : [list.items])] } }
}

/** Rows are by project in any case. */
function withoutProject(params: Answer): Answer {
  const { group_by, ...rest } = params
  const names: unknown = typeof group_by === 'string' ? group_by.split(',') : group_by
  if (!Array.isArray(names) || !names.includes('project_id')) return params
  const others: unknown[] = names.filter((name) => name !== 'project_id')
  return others.length === 0 ? rest : { ...rest, group_by: others }
}

function listTool(): Tool<AccountPrincipal> {
  return {
    name: 'list_projects',
    title: 'Projects',
    description: 'Every project of the account, with its id, slug, zone and retention.',
    scope: 'read',
    input: { type: 'object', properties: {}, additionalProperties: false },
    output: cuttable(toJsonSchema(projectListResponseSchema)),
    async run(asking, args) {
      knownFields(args, [])
      return {
        answer: { ...(await projectList(asking)) },
        less: 'ask the host for fewer projects in one account',
      }
    },
  }
}

async function projectList(asking: Account): Promise<ProjectListResponse> {
  const projects = await visibleProjects(asking)
  return {
    projects: projects.map(({ id, slug, name, timezone, retention_days, created_at }) => ({
      project_id: id,
      project_slug: slug,
      project_name: name,
      timezone,
      retention_days,
      created_at: new Date(created_at).toISOString(),
    })),
  }
}

function compareTool(): Tool<AccountPrincipal> {
  const input = toJsonSchema(compareParamsSchema)
  return {
    name: 'compare_projects',
    title: 'Compare projects',
    description: 'Ranks projects by a metric: count by default, uniques, or any other that get_stats has.',
    scope: 'read',
    input: described({ ...input, properties: { ...SELECTORS, ...input.properties } }),
    output: cuttable(toJsonSchema(compareResponseSchema)),
    run: compare,
  }
}

async function compare(asking: Account, args: Answer): Promise<Found> {
  const { deps, call, principal } = asking
  const { projects, rest } = await chooseProjects(asking, args)
  const { metric = 'count', ...question } = readParams(compareParamsSchema, rest)
  for (const project of projects) await takeFromLimit(asking, inProject(principal, project), 'stats')
  const values = await ofEach(projects, async (project) => {
    const asked = { ...question, metric }
    const options = { signal: call.request.signal }
    const { rows } = await queryStats(deps.queryDeps, inProject(principal, project), asked, options)
    const value = rows[0]?.value
    return { project, value: typeof value === 'number' ? value : null }
  })
  const largestFirst = values.toSorted((a, b) => (b.value ?? -Infinity) - (a.value ?? -Infinity) || 0)
  const rows = largestFirst.map(
    ({ project, value }): ComparedProject => ({
      rank: 1 + largestFirst.findIndex((other) => other.value === value),
      project_id: project.id,
      project_slug: project.slug,
      project_name: project.name,
      value,
    }),
  )
  return { answer: { metric, rows }, less: 'name projects by project_ids' }
}

async function everySchema(asking: Account): Promise<Found> {
  const { projects } = await chooseProjects(asking, {})
  const parts = await ofEach(projects, async (project) => ({
    project_id: project.id,
    answer: await eventNames(asking, inProject(asking.principal, project)),
  }))
  return { answer: mergeAnswers(parts), less: 'call list_events with a project_id' }
}
