import type { ExportFormat } from '@millimetric/schema/wire'
import type { Principal } from '../auth/principal.js'
import type { QueryDeps } from '../query/events.js'
import { beginExport } from '../query/export.js'
import { exportText } from './export-text.js'

const TYPES: { readonly [F in ExportFormat]: string } = {
  ndjson: 'application/x-ndjson; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
}

/**
 * The answer of `GET /v1/export`: text that is made as fast as it is taken. What fails before the first page fails as any
 * question does; after that the answer breaks off, so that no part of it looks like the whole. A reader who leaves ends
 * the page that is being read.
 */
export async function answerExport(
  deps: QueryDeps,
  principal: Principal,
  params: Record<string, unknown>,
  signal: AbortSignal,
): Promise<Response> {
  const left = new AbortController()
  const leave = (): void => left.abort(signal.reason)
  signal.addEventListener('abort', leave, { once: true })
  const { format, pages } = beginExport(deps, principal, params, { signal: left.signal })
  const pieces = exportText(format, pages)
  const first = await pieces.next()
  const encoder = new TextEncoder()
  let piece: IteratorResult<string, void> | undefined = first
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = piece ?? (await pieces.next())
        piece = undefined
        if (done !== true) return controller.enqueue(encoder.encode(value))
        signal.removeEventListener('abort', leave)
        controller.close()
      },
      async cancel(reason) {
        signal.removeEventListener('abort', leave)
        left.abort(reason)
        await pieces.return()
      },
    },
    // Nothing is made before somebody takes it.
    { highWaterMark: 0 },
  )
  return new Response(body, {
    headers: {
      'content-type': TYPES[format],
      'content-disposition': `attachment; filename="events.${format}"`,
      'cache-control': 'no-store',
    },
  })
}
