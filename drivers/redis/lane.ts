import { type Clock, wait } from '../../core/clock.js'
import type { DriverContext } from '../../core/ports/driver.js'
import { createDeadlines, type Deadline } from '../../core/queue/deadlines.js'
import { failure, isMoved, isUnknownScript, unavailable } from './errors.js'
import { findOwners, type Link } from './library.js'
import type { Script, ScriptArg } from './script.js'

/**
 * Calls of scripts that reach Redis in their order, also when it has forgotten a script, or another node of a cluster has the slot now. They
 * fail at once while the link is down, and nothing is sent twice. Rejects with `ERR_DRIVER_UNAVAILABLE`.
 */
export interface Lane {
  run(script: Script, args: readonly ScriptArg[]): Promise<unknown>
  close(): void
}

export interface LaneDeps {
  readonly link: Link
  /** `{triport}:` */
  readonly prefix: string
  readonly clock: Clock
  /** Whether the connection that calls go over is made. A cluster makes it with the first call, and takes no second one until it is. */
  connected(): boolean
  /** Milliseconds until a call that was not answered rejects. */
  readonly patience: number
  readonly untraced: DriverContext['untraced']
}

interface Call extends Deadline {
  readonly script: Script
  readonly args: readonly ScriptArg[]
  refusals: number
  resolve(reply: unknown): void
  reject(error: unknown): void
}

export function createLane({ link, prefix, clock, connected, patience, untraced }: LaneDeps): Lane {
  const deadlines = createDeadlines(clock)
  /** Sent and not answered. */
  let underway = 0
  /** Not taken, in order. When all is answered they go again, before those that came after them. */
  let refused: Call[] = []
  let waiting: Call[] = []
  /** The next call will be taken as the one before, so it need not wait for the answer to that. */
  let sure = true
  /** A script that Redis does not know: it is sent as a whole. */
  let unknown: Script | undefined
  let moved = false

  function pump(): void {
    if (refused.length > 0 || moved) return
    if (sure && connected()) for (const call of waiting.splice(0)) send(call)
    else if (underway === 0 && waiting.length > 0) send(waiting.shift() as Call)
  }

  function send(call: Call): void {
    underway++
    const { lua, sha } = call.script
    const answer =
      call.script === unknown ? link.eval(lua, 1, prefix, ...call.args) : link.evalsha(sha, 1, prefix, ...call.args)
    answer.then(
      (reply) => {
        sure = refused.length === 0
        settle(call).resolve(reply)
        answered()
      },
      (error: unknown) => {
        if (call.refusals < mostRefusals && isRefusal(call, error)) {
          sure = false
          call.refusals++
          refused.push(call)
        } else settle(call).reject(failure(error))
        answered()
      },
    )
  }

  /** It was not carried out, and may be if it is sent otherwise. */
  function isRefusal(call: Call, error: unknown): boolean {
    if (isUnknownScript(error)) unknown ??= call.script
    else if (isMoved(error)) moved = true
    else return false
    return true
  }

  function answered(): void {
    underway--
    if (underway === 0 && moved) void relocate()
    else if (underway === 0 && refused.length > 0) again()
    else pump()
  }

  async function relocate(): Promise<void> {
    const tries = refused[0]?.refusals ?? 0
    if (tries > 1) await wait(clock, betweenTries) // The nodes of a cluster do not hear of it all at once.
    await findOwners(link)
    moved = false
    again()
  }

  function again(): void {
    const now = clock.monotonic()
    waiting = [...refused, ...waiting].filter(({ at }) => at > now)
    refused = []
    pump()
  }

  function settle(call: Call): Call {
    deadlines.delete(call)
    unknown = undefined
    return call
  }

  return {
    run(script, args) {
      if (link.status !== 'ready') return Promise.reject(unavailable(new Error('it is not connected')))
      return new Promise((resolve, reject) => {
        const due = () => reject(unavailable(new Error('it did not answer in time')))
        const at = clock.monotonic() + patience
        const call: Call = { script, args, refusals: 0, resolve, reject, due, at }
        deadlines.add(call)
        waiting.push(call)
        untraced(pump)
      })
    },
    close: () => deadlines.close(),
  }
}

/** How often a call is sent again that was not taken, and how long after the second time, in milliseconds. */
const mostRefusals = 20
const betweenTries = 100
