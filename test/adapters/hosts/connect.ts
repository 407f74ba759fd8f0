import type { IncomingMessage, ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { currentUser, type HostFront, sidOf } from './host.js'

interface SessionRequest extends IncomingMessage {
  session?: { readonly user: string }
  body?: unknown
}
type Next = (error?: unknown) => void

/** Middleware that takes request, response and next. */
export const connectFront: HostFront = {
  session(request: SessionRequest, response: ServerResponse, next: Next) {
    const sid = sidOf(request.headers.cookie)
    if (sid === 'banned') return response.writeHead(418).end('no')
    if (sid === 'expired') return response.writeHead(401).end('log in again')
    if (sid) request.session = { user: sid }
    setImmediate(() => currentUser.run(sid, next))
  },
  failing: (_request: IncomingMessage, _response: ServerResponse, next: Next) =>
    next(new Error('session store is down')),
  async bodyParser(request: SessionRequest, _response: ServerResponse, next: Next) {
    request.body = await json(request)
    next()
  },
  userOf: (raw) => (raw as SessionRequest).session?.user,
}
