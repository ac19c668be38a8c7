import * as z from 'zod'
import { notOneOf } from './in-words.js'

/** One of a closed list; the error lists it. */
export function oneOf<const T extends string>(names: readonly T[]): z.ZodType<T> {
  return z.enum(names, { error: ({ input }) => notOneOf(input, names) })
}
