import { once } from 'node:events'
import { connect } from 'node:net'

/** One connection, byte by byte. */
export interface RawSocket {
  send(part: string | Uint8Array): void
  /** All that came so far, once it matches. Rejects when the server closes before. */
  heard(pattern: RegExp): Promise<string>
  /** All that came, once the server has closed. */
  closed(): Promise<string>
  destroy(): void
}

export async function dial(url: string): Promise<RawSocket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += chunk
  })
  // A server may reset what it does not want to read; what it said before has come.
  socket.on('error', () => {})
  await once(socket, 'connect')
  return {
    send: (part) => void socket.write(part),
    async heard(pattern) {
      while (!pattern.test(text)) {
        if (socket.closed) throw new Error(`closed before ${pattern}: ${text}`)
        await Promise.race([once(socket, 'data'), once(socket, 'close')])
      }
      return text
    },
    async closed() {
      if (!socket.closed) await once(socket, 'close')
      return text
    },
    destroy: () => void socket.destroy(),
  }
}

/** Sends the head and body of one request on a connection of its own, and resolves to the answer. */
export async function exchange(
  url: string,
  head: readonly string[],
  body: string | Uint8Array = '',
): Promise<string> {
  const socket = await dial(url)
  socket.send(`${[...head, 'Host: x', 'Connection: close'].join('\r\n')}\r\n\r\n`)
  socket.send(body)
  return await socket.closed()
}
