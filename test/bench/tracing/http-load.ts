import { connect, type Socket } from 'node:net'

/** A service, what is asked of it, and for how long. */
export interface Asked {
  readonly port: number
  readonly path: string
  readonly milliseconds: number
  /** How long the service has computed so far. */
  cpuSeconds(): Promise<number>
}

/** In how many rounds is measured. The fastest counts: what else the machine did is not the service's cost. */
const rounds = 10

/** Requests that a service answers in a second of computing, with one in flight on each of 64 connections. */
export async function requestsPerSecond({ port, path, milliseconds, cpuSeconds }: Asked): Promise<number> {
  const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n`
  const load = { answers: 0, ended: false, request }
  const sockets = await Promise.all(Array.from({ length: 64 }, () => open(port)))
  const failures = sockets.map((socket) => follow(socket, load))
  for (const socket of sockets) socket.write(request)
  await Promise.race([pause(milliseconds / 2), ...failures]) // Its compiler learns.
  const rates: number[] = []
  for (let round = 0; round < rounds; round++) {
    const [answers, seconds] = [load.answers, await cpuSeconds()]
    await Promise.race([pause(milliseconds / rounds), ...failures])
    rates.push((load.answers - answers) / ((await cpuSeconds()) - seconds))
  }
  load.ended = true
  for (const socket of sockets) socket.destroy()
  return Math.max(...rates)
}

interface Load {
  answers: number
  ended: boolean
  readonly request: string
}

/** Sends the next request when the answer to the last one is whole. Rejects for any other than 200. */
function follow(socket: Socket, load: Load): Promise<never> {
  return new Promise((_, reject) => {
    let text = ''
    socket.on('data', (part) => {
      text += part.toString('latin1')
      const length = lengthOf(text)
      if (length === undefined || text.length < length) return
      if (!text.startsWith('HTTP/1.1 200')) return reject(new Error(`The service answered ${text.slice(0, 200)}`))
      text = ''
      load.answers++
      if (!load.ended) socket.write(load.request)
    })
    socket.on('error', reject)
    socket.on('close', () => {
      if (!load.ended) reject(new Error('The service closed a connection.'))
    })
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

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
