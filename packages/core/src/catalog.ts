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

/** Names of the events of a catalog, and of the system's own; any text without a catalog. */
export type EventNameOf<Definitions> = string extends keyof Definitions
  ? string
  : (keyof Definitions & string) | `$${string}`

/** Keys of the properties of all events of a catalog; any text where one of the schemas does not say. */
export type PropertyKeyOf<Definitions> = string extends keyof Definitions
  ? string
  : KeysOf<{ [Name in keyof Definitions]: PropertiesOf<Definitions[Name]> }[keyof Definitions]>

type KeysOf<Properties> = unknown extends Properties
  ? string
  : Properties extends unknown
    ? keyof Properties & string
    : never

/** Parameters of a question whose `event`s and `properties.<key>`s are those of a catalog. */
export type InCatalog<Params, Definitions> = string extends keyof Definitions
  ? Params
  : Named<Params, EventNameOf<Definitions>, PropertyKeyOf<Definitions>>

type Named<T, Event extends string, Key extends string> = T extends string
  ? NamedText<T, Key>
  : T extends Date
    ? T
    : T extends object
      ? {
          [Field in keyof T]: Field extends 'event'
            ? NamedEvent<T[Field], Event, Key>
            : Named<T[Field], Event, Key>
        }
      : T

type NamedEvent<T, Event extends string, Key extends string> = T extends string ? Event : Named<T, Event, Key>

type NamedText<T extends string, Key extends string> = string extends T
  ? T
  : T extends `properties.${string}`
    ? `properties.${Key}`
    : T extends `${infer Aggregate}(properties.${string})`
      ? `${Aggregate}(properties.${Key})`
      : T

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
