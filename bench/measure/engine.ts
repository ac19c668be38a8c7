import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { acquireEngine } from '../../packages/core/src/stores/chdb/engine.js'
import type { Connections } from '../../packages/core/src/stores/clickhouse/client.js'

/** Hands over an embedded engine on a folder of its own, which goes away whatever happens. */
export async function withEngine(work: (engine: Connections, path: string) => Promise<void>): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), 'millimetric-bench-'))
  const engine = await acquireEngine(path)
  try {
    await work(engine, path)
  } finally {
    await engine.close()
    rmSync(path, { recursive: true, force: true })
  }
}

export async function command(engine: Connections, query: string): Promise<void> {
  await engine.writer.command({ query })
}

export async function ask<Row>(
  engine: Connections,
  query: string,
  query_params: Record<string, unknown> = {},
): Promise<Row[]> {
  const settings = 'SETTINGS output_format_json_quote_64bit_integers=0'
  const answer = await engine.readers[0].query({
    query: `${query}\n${settings}`,
    query_params,
    format: 'JSONEachRow',
  })
  return await answer.json()
}
