import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'

export interface Listening {
  port: number
  close(): Promise<void>
}

/** Takes the port. Throws a sentence when it is taken already. */
export async function listen(
  fetch: (request: Request, env: object) => Response | Promise<Response>,
  { port, host }: { port: number; host: string },
): Promise<Listening> {
  // Without these a client that sends its headers byte by byte holds a connection for minutes.
  const timeouts = { headersTimeout: 8_000, requestTimeout: 15_000, connectionsCheckingInterval: 1_000 }
  const server = createServer(timeouts, getRequestListener(fetch))
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const busy = `Port ${port} is in use; choose another one: PORT=8788 npm run demo (PORT=0 takes any free one).`
      reject(error.code === 'EADDRINUSE' ? new Error(busy, { cause: error }) : error)
    })
    server.listen(port, host, resolve)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      // Open requests get a moment; then the process should end.
      const timer = setTimeout(() => server.closeAllConnections(), 2000)
      await closed
      clearTimeout(timer)
    },
  }
}
