import type { IncomingMessage } from 'node:http'
import { behindFront, type Exchange } from './exchange.js'
import type { Admission, Wish } from './gate.js'
import type { Host } from './host.js'
import { type Refusal, refusal } from './refusals.js'
import { authRequestOf, factsOf, originAllowed } from './request.js'
import { respondRefused } from './respond.js'

/** Whether somebody may go on to what they asked for. If not, they have their answer. For endpoints that are off without `auth`. */
export async function entered(host: Host, exchange: Exchange, wish: Wish): Promise<boolean> {
  const admission = await admit(host, exchange, wish)
  if (admission === 'answered') return false
  if (admission.refused) respondRefused(exchange.response, admission.refused)
  return admission.refused === undefined
}

async function admit(host: Host, exchange: Exchange, wish: Wish): Promise<Admission | 'answered'> {
  const refused = refusedAtOnce(host, exchange.request)
  return refused ? { refused } : behindFront(exchange, () => host.gate.admit(authRequestOf(exchange), wish))
}

function refusedAtOnce({ settings, runtime }: Host, request: IncomingMessage): Refusal | undefined {
  if (settings.auth === undefined)
    return refusal('not_found', { message: 'This endpoint is off until http.auth is set.' })
  if (runtime.state !== 'running') return refusal('unavailable')
  if (originAllowed(request, settings.origin, factsOf(request, settings.trustProxy))) return undefined
  return refusal('forbidden', { message: 'Pages of this origin may not act here.' })
}
