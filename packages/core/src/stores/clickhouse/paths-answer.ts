import type { CallOptions } from '../../ports/event-store.js'
import { compareText } from '../../ports/order.js'
import type { PathMove, PathsPlan, PathsResult } from '../../ports/paths-plan.js'
import { type FindReading, type Read, rawFacts } from './reader.js'
import { pathsStatement, rankedPathsStatement } from './sql/paths.js'

const ONWARD = ['ends', 'goes_on', 'moves'] as const

/** Different moves that are ranked here; of more the engine tells those of the largest nodes. */
const MOST_MOVES = 4096

interface Row {
  readonly step: number
  readonly node: string | null
  readonly onward: 0 | 1 | 2
  readonly next: string | null
  readonly sessions: number
}

export function createPathsAnswer(
  read: Read,
  reading: FindReading,
): (plan: PathsPlan, options?: CallOptions) => Promise<PathsResult> {
  return async (plan, options) => {
    const how = await reading(plan, options)
    const named = await read<NamedRow>(pathsStatement(how, plan, MOST_MOVES + 1), options)
    const rows =
      named.length > MOST_MOVES
        ? await read<Row>(rankedPathsStatement(how, plan), options)
        : keepLargest(named, plan.limit)
    const moves = rows
      .toSorted(compareRows)
      .map(({ onward, ...row }): PathMove => ({ ...row, onward: ONWARD[onward] }))
    return { ...rawFacts(moves.some(({ node }) => node === null)), moves }
  }
}

type NamedRow = Row & { readonly node: string; readonly next: string }

/** The nodes of each step by name that have most sessions; moves that are alike without the other names are one. */
function keepLargest(rows: readonly NamedRow[], limit: number): Row[] {
  const steps = new Map<number, Map<string, number>>()
  for (const { step, node, sessions } of rows) {
    const nodes = steps.get(step) ?? new Map<string, number>()
    steps.set(step, nodes.set(node, (nodes.get(node) ?? 0) + sessions))
  }
  const kept = new Map([...steps].map(([step, nodes]) => [step, largest(nodes, limit)]))
  const named = (step: number, node: string): string | null =>
    kept.get(step)?.has(node) === true ? node : null
  const merged = new Map<string, Row>()
  for (const { step, node, onward, next, sessions } of rows) {
    const move = { step, node: named(step, node), onward, next: onward === 2 ? named(step + 1, next) : null }
    const key = JSON.stringify(move)
    merged.set(key, { ...move, sessions: sessions + (merged.get(key)?.sessions ?? 0) })
  }
  return [...merged.values()]
}

function largest(nodes: ReadonlyMap<string, number>, limit: number): ReadonlySet<string> {
  const ranked = [...nodes].sort(([a, most], [b, least]) => least - most || compareText(a, b))
  return new Set(ranked.slice(0, limit).map(([node]) => node))
}

function compareRows(a: Row, b: Row): number {
  return (
    a.step - b.step || compareNodes(a.node, b.node) || a.onward - b.onward || compareNodes(a.next, b.next)
  )
}

function compareNodes(a: string | null, b: string | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  return compareText(a, b)
}
