import * as z from 'zod'
import { suggest } from './suggestion.js'

/** One of a closed list; the error lists it. */
export function oneOf<const T extends string>(names: readonly T[]): z.ZodType<T> {
  return z.enum(names, {
    error: ({ input }) =>
      `"${String(input).slice(0, 64)}" is not one of ${names.join(', ')}${suggest(input, names)}`,
  })
}
