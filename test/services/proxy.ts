import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'

/**
 * A link to a server on the loopback address that can be damaged. What a method says holds for the links that are open and for
 * those that are opened later, until another method says otherwise.
 */
export interface TcpProxy {
  readonly port: number
  /** How many clients have a link, and have not ended it. */
  readonly links: number
  /** How many bytes have been swallowed. */
  readonly swallowed: number
  /** A URL of the server, by way of this proxy. */
  via(url: string): string
  /** Resets all links that are open. New ones are as they were before. */
  sever(): void
  /** New links go to the server at another port. */
  aim(port: number): void
  /** New links are reset at once. Those that are open stay. */
  refuse(): void
  /** New links work again. Those that were swallowed stay dead: nobody tells their ends. */
  accept(): void
  /**
   * Half-open links: the sockets stay open, and neither bytes nor the end of a link arrive.
   *
   * @param what With `answers`, the server still hears its clients.
   */
  swallow(what?: 'all' | 'answers'): void
  /** Nothing arrives until `release`, which delivers it. */
  hold(): void
  release(): void
  /** Resets all links and stops listening. */
  close(): Promise<void>
}

interface Link {
  readonly client: Socket
  readonly server: Socket
  swallows: Loss
}

type Loss = 'nothing' | 'all' | 'answers'

/** Puts a proxy in front of the server at this port. Close it when done. */
export async function startProxy(first: number): Promise<TcpProxy> {
  const links = new Set<Link>()
  let target = first
  let refuses = false
  let holds = false
  let swallows: Loss = 'nothing'
  let swallowed = 0

  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    if (refuses) return void reset(client)
    const server = createConnection({ port: target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    const link: Link = { client, server, swallows }
    links.add(link)
    carry(link, client, server)
    carry(link, server, client)
    for (const socket of [client, server])
      socket.on('close', () => client.closed && server.closed && links.delete(link))
  })

  function carry(link: Link, from: Socket, to: Socket): void {
    const lost = () => link.swallows === 'all' || (link.swallows === 'answers' && from === link.server)
    from.on('data', (bytes) => {
      if (lost()) {
        swallowed += bytes.length
      } else if (!to.write(bytes)) {
        from.pause()
        to.once('drain', () => holds || from.resume())
      }
    })
    from.on('end', () => lost() || to.end())
    from.on('error', () => {}) // Its close follows.
    from.on('close', (failed) => {
      if (lost()) return
      if (failed) reset(to)
      else if (!to.writableEnded) to.end()
    })
    if (holds) from.pause()
  }

  function sever(): void {
    for (const { client, server } of links) for (const socket of [client, server]) reset(socket)
  }

  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  return {
    port,
    get links() {
      return [...links].filter(({ client }) => !client.readableEnded && !client.destroyed).length
    },
    get swallowed() {
      return swallowed
    },
    via(url) {
      const parsed = new URL(url)
      parsed.hostname = '127.0.0.1'
      parsed.port = `${port}`
      return parsed.href
    },
    aim(other) {
      target = other
    },
    sever,
    refuse() {
      refuses = true
    },
    accept() {
      refuses = false
      swallows = 'nothing'
    },
    swallow(what = 'all') {
      swallows = what
      for (const link of links) link.swallows = what
    },
    hold() {
      holds = true
      for (const { client, server } of links) for (const socket of [client, server]) socket.pause()
    },
    release() {
      holds = false
      for (const { client, server } of links) {
        if (!server.writableNeedDrain) client.resume()
        if (!client.writableNeedDrain) server.resume()
      }
    },
    async close() {
      listener.close()
      sever()
      await once(listener, 'close')
    },
  }
}

/**
 * A socket that is ending, or that is being reset already, cannot be reset: Node would keep its handle for ever, and hang at the end of the
 * process.
 */
function reset(socket: Socket): void {
  if (resetting.has(socket)) return
  resetting.add(socket)
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}

const resetting = new WeakSet<Socket>()
