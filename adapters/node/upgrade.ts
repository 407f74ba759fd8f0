import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket as NetSocket } from 'node:net'
import type { WebSocket } from 'ws'
import type { Span } from '../../core/ports/tracer.js'
import { behindFront, type ExchangeMaker } from './exchange.js'
import { type Admission, authDeadline, within } from './gate.js'
import type { Host } from './host.js'
import { type Refusal, refusal } from './refusals.js'
import { authRequestOf, factsOf, originAllowed, type RequestFacts } from './request.js'
import { endRequestSpan, startRequestSpan } from './request-span.js'
import { refuseUpgrade } from './respond.js'
import { listen, NodeSocket } from './socket.js'
import { handshakeProblem, targetOf, type UpgradeTarget } from './target.js'
import type { ReadyWebSockets, WebSockets } from './websockets.js'

/** Takes an upgrade request of our path. Returns false, having done nothing, for any other path. */
export type UpgradeHandler = (request: IncomingMessage, socket: NetSocket, head: Buffer) => boolean

/** An upgrade request on its way through the checks. */
interface Upgrade {
  readonly request: IncomingMessage
  readonly socket: NetSocket
  readonly head: Buffer
  readonly target: UpgradeTarget | 'malformed'
  readonly facts: RequestFacts
  readonly span: Span
}

/**
 * Checks upgrade requests and turns them into connections of the rooms.
 *
 * The order is that of cost: what needs no waiting, then the middleware of the host, then `auth`. The handshake comes last,
 * so that whoever is refused costs no WebSocket, except where a browser could not learn of the refusal otherwise.
 */
export function createUpgradeHandler(host: Host, sockets: WebSockets, exchangeOf: ExchangeMaker): UpgradeHandler {
  const { runtime, settings, gate } = host
  const { clock, report } = runtime.config
  let pending = 0

  return (request, socket, head) => {
    const target = targetOf(request.url ?? '/', settings.ws)
    if (target === 'foreign') return false
    // Without a listener an error of the socket, such as a reset while we wait, would end the process.
    socket.on('error', ignore)
    const span = startRequestSpan(runtime.tracer, request, { trustProxy: settings.trustProxy, path: false })
    const upgrade = { request, socket, head, target, facts: factsOf(request, settings.trustProxy), span }
    take(upgrade).catch((error: unknown) => {
      report(error, { stage: 'http.upgrade' })
      span.fail(error)
      refuse(upgrade, refusal('internal'))
    })
    return true
  }

  async function take(upgrade: Upgrade): Promise<void> {
    const { request, socket, target } = upgrade
    const refused = refusedAtOnce(upgrade)
    if (refused) return refuse(upgrade, refused)
    if (target === 'malformed') return refuse(upgrade, refusal('bad_request', { message: 'The address is malformed.' }))
    const admission = await admit(upgrade, target)
    if (socket.destroyed) return end(upgrade, { aborted: true })
    if ('answered' in admission) return end(upgrade, { status: admission.answered })
    if (runtime.state !== 'running') return refuse(upgrade, refusal('unavailable'))
    if (admission.refused && !closesVisibly(request)) return refuse(upgrade, admission.refused)
    const ready = await sockets.ready()
    const ws = accept(upgrade, ready)
    if (ws === undefined) return end(upgrade, { aborted: true })
    if (admission.refused) ws.close(admission.refused.close, admission.refused.code)
    else connect({ ws, ready, target, principal: admission.principal, span: upgrade.span })
    end(upgrade, { status: 101 })
  }

  function refusedAtOnce({ request, facts }: Upgrade): Refusal | undefined {
    const { limits, origin } = settings
    if (runtime.state !== 'running') return refusal('unavailable')
    if (sockets.count + pending >= limits.maxConnections || pending >= limits.pendingAuth) return refusal('unavailable')
    if (sockets.countOf(facts.address) >= limits.maxConnectionsPerAddress) return refusal('rate_limited')
    if (!originAllowed(request, origin, facts)) {
      return refusal('forbidden', { message: 'Pages of this origin may not connect.' })
    }
    const problem = handshakeProblem(request)
    return problem === undefined ? undefined : refusal('bad_request', { message: problem })
  }

  /** Everything that may wait, within one deadline. */
  async function admit({ request, socket }: Upgrade, target: UpgradeTarget): Promise<Admission | Answered> {
    const wish = target.room === undefined ? {} : ({ action: 'room:join', resource: { room: target.room } } as const)
    pending += 1
    try {
      const asked = withResponse(request, socket, async (response) => {
        const exchange = exchangeOf(request, response)
        const admission = await behindFront(exchange, () => gate.admit(authRequestOf(exchange), wish))
        return admission === 'answered' ? { answered: response.statusCode } : admission
      })
      return await within(authDeadline, clock, asked)
    } finally {
      pending -= 1
    }
  }

  /** A page cannot read the HTTP status of a refused WebSocket, only the code that an accepted one was closed with. */
  function closesVisibly(request: IncomingMessage): boolean {
    return settings.authMode === 'auto' ? request.headers.origin !== undefined : settings.authMode === 'close'
  }

  function accept({ request, socket, head, facts }: Upgrade, ready: ReadyWebSockets): WebSocket | undefined {
    socket.off('error', ignore) // ws listens from here on.
    return ready.accept(request, socket, head, facts.address)
  }

  function connect({ ws, ready, target, principal, span }: Connecting): void {
    const { room, ...options } = target
    const spanContext = span.context()
    try {
      const connection = runtime.rooms.connect(new NodeSocket(ws), ready.transport, {
        ...options,
        ...(room === undefined ? {} : { rooms: [room] }),
        ...(spanContext ? { spanContext } : {}),
        principal,
        authorize: (action, name) => gate.allows(principal, action, { room: name }),
      })
      listen(ws, connection.events)
    } catch (error) {
      report(error, { stage: 'http.connect' })
      ws.close(1011, 'internal')
    }
  }

  function refuse(upgrade: Upgrade, refused: Refusal): void {
    refuseUpgrade(upgrade.socket, refused)
    end(upgrade, { status: refused.status })
  }

  /** The span ends with the answer to the upgrade: it never spans the life of the connection. */
  function end({ span, request, target }: Upgrade, { status = 0, aborted = false }): void {
    const implied = typeof target === 'object' && target.room !== undefined
    endRequestSpan(span, request, { status, aborted, route: implied ? `${settings.ws}/*` : settings.ws })
  }
}

interface Connecting {
  readonly ws: WebSocket
  readonly ready: ReadyWebSockets
  readonly target: UpgradeTarget
  readonly principal: unknown
  readonly span: Span
}

/** The middleware of the host answered instead of us, with this status. */
interface Answered {
  readonly answered: number
}

/** An upgrade has no response of its own: `work` gets one that writes to the socket. */
async function withResponse<T extends object>(
  request: IncomingMessage,
  socket: NetSocket,
  work: (response: ServerResponse) => Promise<T>,
): Promise<T> {
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket)
  try {
    const result = await work(response)
    if ('answered' in result) socket.end(() => socket.destroy())
    return result
  } finally {
    response.detachSocket(socket)
  }
}

function ignore(): void {
  // The socket is destroyed by its error, and the code that waits looks at that.
}
