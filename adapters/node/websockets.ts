import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocket, WebSocketServer } from 'ws'
import type { SocketTransport } from '../../core/ports/socket.js'
import { loadWs } from './peer.js'
import { subprotocol } from './target.js'
import { writes } from './writes.js'

/** The WebSockets of one server. */
export interface WebSockets {
  /** Open ones, also those that are being closed. */
  readonly count: number
  /** Open ones of one client address. */
  countOf(address: string | undefined): number
  /** Loads the library, once. Throws `ERR_PEER_MISSING` or `ERR_PEER_VERSION`, each time anew. */
  ready(): Promise<ReadyWebSockets>
}

/** What there is once the library is loaded. */
export interface ReadyWebSockets {
  readonly transport: SocketTransport
  /** Answers 101, at once. Returns `undefined` when the link is gone or the handshake no good; it is then ended. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, address: string | undefined): WebSocket | undefined
}

export function createWebSockets({ maxPayload }: { readonly maxPayload: number }): WebSockets {
  const addresses = new Map<string | undefined, number>()
  let count = 0
  let loading: Promise<ReadyWebSockets> | undefined

  function add(address: string | undefined, by: 1 | -1): void {
    count += by
    const left = (addresses.get(address) ?? 0) + by
    if (left > 0) addresses.set(address, left)
    else addresses.delete(address)
  }

  async function load(): Promise<ReadyWebSockets> {
    const ws = await loadWs()
    const server = new ws.WebSocketServer(serverOptions(maxPayload))
    return {
      transport: writes,
      accept(request, socket, head, address) {
        const accepted = upgrade(server, request, socket, head)
        if (accepted === undefined) return undefined
        add(address, 1)
        accepted.on('close', () => add(address, -1))
        // What goes wrong on a link, such as a malformed frame, is the client's doing and told by the close event.
        accepted.on('error', () => {})
        return accepted
      },
    }
  }

  return {
    get count() {
      return count
    },
    countOf: (address) => addresses.get(address) ?? 0,
    async ready() {
      loading ??= load()
      try {
        return await loading
      } catch (error) {
        loading = undefined
        throw error
      }
    },
  }
}

function upgrade(
  server: WebSocketServer,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): WebSocket | undefined {
  let accepted: WebSocket | undefined
  server.handleUpgrade(request, socket, head, (ws) => {
    accepted = ws // Called before handleUpgrade returns, or never.
  })
  return accepted
}

function serverOptions(maxPayload: number) {
  return {
    noServer: true,
    clientTracking: false, // The rooms keep their own list.
    perMessageDeflate: false, // Costs memory per socket and rules out framing once.
    maxPayload,
    maxFragments: 64,
    maxBufferedChunks: 1_024,
    closeTimeout: 5_000,
    // Browsers offer the token as a protocol of its own, `bearer.…`: it must not be sent back.
    handleProtocols: (offered: Set<string>) => (offered.has(subprotocol) ? subprotocol : false),
  } as const
}
