import type { CallOptions } from '../../ports/event-store.js'
import type { PathMove, PathsPlan, PathsResult } from '../../ports/paths-plan.js'
import { type FindReading, type Read, rawFacts } from './reader.js'
import { pathsStatement } from './sql/paths.js'

const ONWARD = ['ends', 'goes_on', 'moves'] as const

type Row = Omit<PathMove, 'onward'> & { readonly onward: 0 | 1 | 2 }

export function createPathsAnswer(
  read: Read,
  reading: FindReading,
): (plan: PathsPlan, options?: CallOptions) => Promise<PathsResult> {
  return async (plan, options) => {
    const rows = await read<Row>(pathsStatement(await reading(plan, options), plan), options)
    const moves = rows.map(({ onward, ...row }) => ({ ...row, onward: ONWARD[onward] }))
    return { ...rawFacts(moves.some(({ node }) => node === null)), moves }
  }
}
