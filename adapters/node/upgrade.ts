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
import { type AddressProblem, handshakeProblem, targetOf, type UpgradeTarget } from './target.js'
import type { ReadyWebSockets, WebSockets } from './websockets.js'

/** Takes an upgrade request of our path. Returns false, having done nothing, for any other path. */
export type UpgradeHandler = (request: IncomingMessage, socket: NetSocket, head: Buffer) => boolean

/** An upgrade request on its way through the checks. */
interface Upgrade {
  readonly request: IncomingMessage
  readonly socket: NetSocket
  readonly head: Buffer
  readonly target: UpgradeTarget | AddressProblem
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
    const { socket, target } = upgrade
    const refused = refusedAtOnce(upgrade)
    if (refused) return refuse(upgrade, refused)
    if ('problem' in target) return deny(upgrade, refusal('bad_request', { message: target.problem }))
    const admission = await admit(upgrade, target)
    if (socket.destroyed) return end(upgrade, { aborted: true })
    if ('answered' in admission) return end(upgrade, { status: admission.answered })
    if (runtime.state !== 'running') return refuse(upgrade, refusal('unavailable'))
    const { refused: denied } = admission
    const anonymous = denied?.code === 'unauthenticated' && mayComeUnknown(target)
    if (denied && !anonymous) return deny(upgrade, denied)
    const ready = await sockets.ready()
    const ws = accept(upgrade, ready)
    if (ws === undefined) return end(upgrade, { aborted: true })
    connect({ ws, ready, target, upgrade, principal: denied ? undefined : admission.principal, anonymous })
    end(upgrade, { status: 101 })
  }

  /** Refuses in the way that the client can hear of. */
  async function deny(upgrade: Upgrade, denied: Refusal): Promise<void> {
    if (!closesVisibly(upgrade.request)) return refuse(upgrade, denied)
    const ws = accept(upgrade, await sockets.ready())
    ws?.close(denied.close, denied.code)
    end(upgrade, ws ? { status: 101 } : { aborted: true })
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

  /** Who comes to no room in particular may say later who it is. */
  function mayComeUnknown({ room }: UpgradeTarget): boolean {
    return settings.authMode === 'message' && room === undefined
  }

  /** A page cannot read the HTTP status of a refused WebSocket, only the code that an accepted one was closed with. */
  function closesVisibly(request: IncomingMessage): boolean {
    const { authMode } = settings
    return authMode === 'auto' || authMode === 'message' ? request.headers.origin !== undefined : authMode === 'close'
  }

  function accept({ request, socket, head, facts }: Upgrade, ready: ReadyWebSockets): WebSocket | undefined {
    socket.off('error', ignore) // ws listens from here on.
    return ready.accept(request, socket, head, facts.address)
  }

  function connect({ ws, ready, target, upgrade, principal, anonymous }: Connecting): void {
    const { room, ...options } = target
    const spanContext = upgrade.span.context()
    const known = anonymous ? awaited(ws) : () => {}
    try {
      const connection = runtime.rooms.connect(new NodeSocket(ws), ready.transport, {
        ...options,
        ...(room === undefined ? {} : { rooms: [room] }),
        ...(spanContext ? { spanContext } : {}),
        principal,
        anonymous,
        authorize: (action, name, who) => gate.allows(who, action, { room: name }),
        authenticate: renewal(upgrade.request, known),
      })
      listen(ws, upgrade.socket, connection.events)
    } catch (error) {
      report(error, { stage: 'http.connect' })
      ws.close(1011, 'internal')
    }
  }

  /** Counts a connection that nobody knows yet, until it is known or gone. */
  function awaited(ws: WebSocket): () => void {
    let counts = true
    pending += 1
    const done = () => {
      if (counts) pending -= 1
      counts = false
    }
    ws.once('close', done)
    return done
  }

  /** Asks about a new token as about a request that carries it. The request itself is not kept for the life of the connection. */
  function renewal({ method = 'GET', url = '/', headers }: IncomingMessage, known: () => void) {
    return async (token: string) => {
      const request = { method, url, headers: { ...headers, authorization: `Bearer ${token}` }, raw: undefined }
      const admission = await gate.admit(request, {})
      if (admission.refused) return undefined
      known()
      return { principal: admission.principal }
    }
  }

  function refuse(upgrade: Upgrade, refused: Refusal): void {
    refuseUpgrade(upgrade.socket, refused)
    end(upgrade, { status: refused.status })
  }

  /** The span ends with the answer to the upgrade: it never spans the life of the connection. */
  function end({ span, request, target }: Upgrade, { status = 0, aborted = false }): void {
    const implied = 'room' in target
    const protocol = status === 101 ? 'websocket' : undefined
    endRequestSpan(span, request, { status, aborted, protocol, route: implied ? `${settings.ws}/*` : settings.ws })
  }
}

interface Connecting {
  readonly ws: WebSocket
  readonly ready: ReadyWebSockets
  readonly target: UpgradeTarget
  readonly upgrade: Upgrade
  readonly principal: unknown
  readonly anonymous: boolean
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
