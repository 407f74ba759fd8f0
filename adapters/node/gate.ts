import type { Auth, AuthAction, AuthRequest, AuthResource } from '../../core/auth.js'
import type { Clock } from '../../core/clock.js'
import { TriportError } from '../../core/errors.js'
import type { Report } from '../../core/report.js'
import { type Refusal, refusal } from './refusals.js'

/** `principal` is what `authenticate` returned; `undefined` without an `auth`. */
export type Admission = { readonly principal: unknown; readonly refused?: undefined } | { readonly refused: Refusal }

/** What somebody wants to do. No action: only to be known, as for a WebSocket that names no room yet. */
export interface Wish {
  readonly action?: AuthAction
  readonly resource?: AuthResource
}

/** Decides who may do what. */
export interface Gate {
  /** Never rejects: failures of `auth` are reported and refused. */
  admit(request: AuthRequest, wish: Wish): Promise<Admission>
  /** Whether somebody who was admitted may do something else. */
  allows(principal: unknown, action: AuthAction, resource: AuthResource): Promise<boolean>
}

export interface GateOptions {
  readonly auth: Auth | 'public' | undefined
  readonly production: boolean
  readonly clock: Clock
  readonly report: Report
}

/** Milliseconds that `authenticate` and `authorize` may take together. */
export const authDeadline = 5_000

export function createGate({ auth, production, clock, report }: GateOptions): Gate {
  const explainOnce = once(() => report(closedByDefault(), { stage: 'http.auth' }))

  /** The rule for a runtime without `auth`: rooms are open while developing, everything else is closed. */
  function openWithoutAuth(action: AuthAction | undefined): boolean {
    if (auth === 'public' || action === undefined) return true
    if (action === 'room:join' && production) explainOnce()
    return action === 'room:join' && !production
  }

  async function ask(rules: Auth, request: AuthRequest, { action, resource = {} }: Wish): Promise<Admission> {
    const principal = await rules.authenticate(request)
    if (principal === undefined) return { refused: refusal('unauthenticated') }
    if (action === undefined || (await rules.authorize(principal, action, resource))) return { principal }
    return { refused: refusal('forbidden') }
  }

  return {
    async admit(request, wish) {
      if (auth === undefined || auth === 'public') {
        return openWithoutAuth(wish.action) ? { principal: undefined } : { refused: refusal('forbidden') }
      }
      try {
        return await within(authDeadline, clock, ask(auth, request, wish))
      } catch (error) {
        report(error, { stage: 'http.auth' })
        return { refused: refusal('internal') }
      }
    },
    async allows(principal, action, resource) {
      if (auth === undefined || auth === 'public') return openWithoutAuth(action)
      try {
        return await auth.authorize(principal, action, resource)
      } catch (error) {
        report(error, { stage: 'http.auth', action })
        return false
      }
    },
  }
}

/** The answer, or the refusal `timeout` when it takes longer than `ms`. */
export function within<T>(ms: number, clock: Clock, answer: Promise<T>): Promise<T | { readonly refused: Refusal }> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => resolve({ refused: refusal('timeout') }))
    answer.then(resolve, reject).finally(cancel)
  })
}

function closedByDefault(): TriportError {
  return new TriportError(
    'ERR_AUTH_REQUIRED',
    "A WebSocket asked to join a room and was refused: in production rooms are closed until http.auth is set. Pass http: { auth: { authenticate, authorize } }, or auth: 'public' to let everybody in.",
  )
}

function once(fn: () => void): () => void {
  let done = false
  return () => {
    if (!done) fn()
    done = true
  }
}
