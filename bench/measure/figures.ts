import { isDeepStrictEqual } from 'node:util'

export type Goal = { readonly atMost: number } | { readonly atLeast: number }

/**
 * Prints a figure that the project promises beside its goal. One that is missed fails the bench when it ends, and the
 * others are still measured.
 */
export function figure(name: string, measured: number, goal: Goal, unit = ''): void {
  const met = 'atMost' in goal ? measured <= goal.atMost : measured >= goal.atLeast
  const wanted = 'atMost' in goal ? `≤ ${round(goal.atMost)}` : `≥ ${round(goal.atLeast)}`
  console.log(`${met ? 'PASS' : 'FAIL'}  ${name}: ${round(measured)}${unit} (goal ${wanted}${unit})`)
  if (!met) process.exitCode = 1
}

/** A wrong number is no figure that is missed by a little: the bench ends here. */
export function requireEqual(name: string, found: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(found, expected)) {
    throw new Error(`${name}: ${shown(found)} instead of ${shown(expected)}`)
  }
  console.log(`PASS  ${name}: deviation 0 (goal 0)`)
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 400 ? `${text.slice(0, 400)}…` : text
}

/** Three digits that say something; large numbers whole. */
function round(value: number): string {
  return Math.abs(value) >= 100
    ? Math.round(value).toLocaleString('en')
    : String(Number(value.toPrecision(3)))
}
