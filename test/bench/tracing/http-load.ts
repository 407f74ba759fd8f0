import { connect, type Socket } from 'node:net'

/** Requests for a service, with one in flight on each of 64 connections. */
export interface Load {
  /** Asks for so many milliseconds, and waits for the last answers. @returns how many came */
  burst(milliseconds: number): Promise<number>
  close(): void
}

export async function openLoad({ port, path }: { readonly port: number; readonly path: string }): Promise<Load> {
  const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n`
  const sockets = await Promise.all(Array.from({ length: 64 }, () => open(port)))
  const lines = sockets.map((socket) => lineOf(socket, request))
  return {
    async burst(milliseconds) {
      const until = performance.now() + milliseconds
      const counts = await Promise.all(lines.map((ask) => ask(until)))
      return counts.reduce((sum, count) => sum + count, 0)
    },
    close() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Sends the next request when the answer to the last one is whole, until it is time. Rejects for any other than 200. */
function lineOf(socket: Socket, request: string): (until: number) => Promise<number> {
  return (until) =>
    new Promise((resolve, reject) => {
      const onClose = () => reject(new Error('The service closed a connection.'))
      if (socket.destroyed) return onClose()
      let text = ''
      let count = 0
      const onData = (part: Buffer) => {
        text += part.toString('latin1')
        const length = lengthOf(text)
        if (length === undefined || text.length < length) return
        if (!text.startsWith('HTTP/1.1 200')) return reject(new Error(`The service answered ${text.slice(0, 200)}`))
        text = ''
        count++
        if (performance.now() < until) return void socket.write(request)
        socket.off('data', onData).off('error', reject).off('close', onClose)
        resolve(count)
      }
      socket.on('data', onData).on('error', reject).on('close', onClose)
      socket.write(request)
    })
}

/** How long the answer is, head and body. */
function lengthOf(text: string): number | undefined {
  const head = text.indexOf('\r\n\r\n')
  if (head < 0) return undefined
  const body = /content-length: (\d+)/i.exec(text.slice(0, head))?.[1]
  if (body === undefined) throw new Error('an answer without its length')
  return head + 4 + Number(body)
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket)).once('error', reject)
  })
}
