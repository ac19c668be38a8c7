import type { EventCode } from '@millimetric/schema/wire'

/** The part of the Standard Schema interface (standardschema.dev, version 1) that is used here. */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    validate(value: unknown): StandardResult<Output> | Promise<StandardResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | {
      readonly issues: readonly { readonly message: string; readonly path?: readonly unknown[] | undefined }[]
    }

/** Event names and the schema of each one's properties. */
export type EventDefinitions = { readonly [event: string]: StandardSchema }

/** Properties of an event as its schema takes them. */
export type PropertiesOf<Schema> = Schema extends {
  readonly '~standard': { readonly types?: { readonly input: infer Input } | undefined }
}
  ? Input
  : Record<string, unknown>

export interface Catalog<Definitions extends EventDefinitions = EventDefinitions> {
  readonly events: Definitions
  /** Undefined when the event fits. Names starting with `$` are the system's and always fit. */
  check(name: string, propertiesJson: string): Promise<{ code: EventCode; message: string } | undefined>
}

/**
 * Closes the event names of an install: `track` is typed by it, and at ingest an unknown name is rejected
 * `unknown_event`, properties that do not fit `invalid_properties`. Any Standard Schema validator works.
 */
export function defineEvents<const Definitions extends EventDefinitions>(
  events: Definitions,
): Catalog<Definitions> {
  const schemas = new Map<string, StandardSchema>(Object.entries(events))
  return {
    events,
    async check(name, propertiesJson) {
      if (name.startsWith('$')) return undefined
      const schema = schemas.get(name)
      if (schema === undefined) {
        return {
          code: 'unknown_event',
          message: `"${name}" is not in the catalog; it holds ${[...schemas.keys()].slice(0, 20).join(', ')}.`,
        }
      }
      const result = await schema['~standard'].validate(JSON.parse(propertiesJson))
      if (result.issues === undefined) return undefined
      const issue = result.issues[0]
      const path = issue?.path?.map(String).join('.') ?? ''
      return {
        code: 'invalid_properties',
        message: `Properties of "${name}" do not fit the catalog: ${path === '' ? '' : `${path}: `}${issue?.message ?? ''}`,
      }
    },
  }
}
