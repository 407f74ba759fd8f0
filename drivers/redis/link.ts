import { type Clock, wait, within } from '../../core/clock.js'
import { TriportError } from '../../core/errors.js'
import type { DriverContext } from '../../core/ports/driver.js'
import { createDeadlines, type Deadline, type Deadlines } from '../../core/queue/deadlines.js'
import { failure, isMoved, isOfLink, isRedirected, isUnknownScript, unavailable } from './errors.js'
import { findOwners, type Link } from './library.js'
import type { Script, ScriptArg } from './script.js'

/** How long calls wait. */
export interface Patience {
  /** Milliseconds until a call that was not answered rejects. */
  readonly answer: number
  /** Milliseconds for which a call waits for a link that is down. */
  readonly down: number
}

/**
 * Calls over one link. What was under way when the link broke is sent again when it is back, so every call MUST be harmless when it
 * arrives twice. Nothing is sent for a caller who was told that it failed. Rejects with `ERR_DRIVER_UNAVAILABLE`.
 */
export interface Calls {
  /** One call of a script. Texts of the answer are strings. */
  run(script: Script, args: Arguments): Promise<unknown>
  /** One call of a script. Texts of the answer are buffers. */
  runRaw(script: Script, args: Arguments): Promise<unknown>
  /** Commands of your own. `work` may be called several times. */
  send<T>(work: (link: Link, resent: boolean) => Promise<T>): Promise<T>
  close(): void
}

/** What a script takes. It may want to know that it was sent before and its answer was lost. */
export type Arguments = readonly ScriptArg[] | ((resent: boolean) => readonly ScriptArg[])

export interface CallsDeps {
  readonly link: Link
  /** `{triport}:` */
  readonly prefix: string
  readonly clock: Clock
  readonly patience: Patience
  readonly untraced: DriverContext['untraced']
}

export function createCalls({ link, prefix, clock, patience, untraced }: CallsDeps): Calls {
  const deadlines = createDeadlines(clock)
  let closed = false
  let coming: Promise<void> | undefined
  let relocating: Promise<void> | undefined
  let giveUp = () => {}

  function send<T>(work: (link: Link, resent: boolean) => Promise<T>): Promise<T> {
    const overdue = { is: false }
    return answered(deadlines, clock.monotonic() + patience.answer, overdue, attempt(work, overdue))
  }

  async function attempt<T>(work: (link: Link, resent: boolean) => Promise<T>, overdue: { is: boolean }): Promise<T> {
    for (let broken = 0; ; ) {
      if (link.status !== 'ready') await ready()
      if (overdue.is) throw new Error('Nobody waits for it any more.')
      try {
        const resent = broken > 0
        return await untraced(() => work(link, resent))
      } catch (error) {
        if (closed || overdue.is || !isOfLink(error) || ++broken > mostTries) throw failure(error)
        if (isRedirected(error)) await relocate()
        const isFound = broken === 1 && isMoved(error)
        if (link.status === 'ready' && !isFound) await wait(clock, betweenTries) // As while a slot is moved, or a replica made the master.
      }
    }
  }

  /** Any number of calls ask once which node has the slot. */
  function relocate(): Promise<void> {
    relocating ??= findOwners(link).finally(() => {
      relocating = undefined
    })
    return relocating
  }

  /** Resolves when the link is up. */
  async function ready(): Promise<void> {
    if (closed) throw new TriportError('ERR_DRIVER_UNAVAILABLE', 'The connection to Redis was closed.')
    coming ??= comes()
    if (!(await within(clock, patience.down, coming))) throw unavailable(new Error('it is not connected'))
  }

  /** Any number of calls wait with one pair of listeners. */
  function comes(): Promise<void> {
    return new Promise((resolve, reject) => {
      const onReady = () => end(resolve)
      const onEnd = () => end(() => reject(unavailable(new Error('its connection was closed'))))
      giveUp = onEnd
      function end(then: () => void): void {
        coming = undefined
        giveUp = () => {}
        link.off('ready', onReady)
        link.off('end', onEnd)
        then()
      }
      link.once('ready', onReady)
      link.once('end', onEnd)
    })
  }

  return {
    run: (script, args) => send((to, resent) => evaluate('call', to, script, [prefix, ...argumentsOf(args, resent)])),
    runRaw: (script, args) => {
      return send((to, resent) => evaluate('callBuffer', to, script, [prefix, ...argumentsOf(args, resent)]))
    },
    send,
    close() {
      closed = true
      giveUp()
      deadlines.close()
    },
  }
}

/** How often a call is sent again, and how long after a refusal, in milliseconds. */
const mostTries = 20
const betweenTries = 250

function argumentsOf(args: Arguments, resent: boolean): readonly ScriptArg[] {
  return typeof args === 'function' ? args(resent) : args
}

async function evaluate(
  method: 'call' | 'callBuffer',
  link: Link,
  { sha, lua }: Script,
  args: readonly ScriptArg[],
): Promise<unknown> {
  try {
    return await link[method]('evalsha', [sha, 1, ...args])
  } catch (error) {
    if (!isUnknownScript(error)) throw error
    return await link[method]('eval', [lua, 1, ...args])
  }
}

function answered<T>(deadlines: Deadlines, at: number, overdue: { is: boolean }, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const deadline: Deadline = {
      at,
      due() {
        overdue.is = true
        reject(unavailable(new Error('it did not answer in time')))
      },
    }
    deadlines.add(deadline)
    answer.then(resolve, reject).finally(() => deadlines.delete(deadline))
  })
}
