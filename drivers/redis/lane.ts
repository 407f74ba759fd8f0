import type { Clock } from '../../core/clock.js'
import { createDeadlines, type Deadline } from '../../core/queue/deadlines.js'
import { isUnknownScript, unavailable } from './errors.js'
import type { Link } from './library.js'
import type { Script, ScriptArg } from './script.js'

/**
 * Calls of scripts that reach Redis in their order, also when it has forgotten a script. They fail at once while the link is down, and
 * nothing is sent twice. Rejects with `ERR_DRIVER_UNAVAILABLE`.
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
  /** Milliseconds until a call that was not answered rejects. */
  readonly patience: number
}

interface Call extends Deadline {
  readonly script: Script
  readonly args: readonly ScriptArg[]
  resolve(reply: unknown): void
  reject(error: unknown): void
}

export function createLane({ link, prefix, clock, patience }: LaneDeps): Lane {
  const deadlines = createDeadlines(clock)
  /** Sent and not answered. */
  let underway = 0
  /** Calls whose script Redis did not know, in order. They go again, before those that came after them. */
  let refused: Call[] = []
  let held: Call[] | undefined

  function send(call: Call, whole = false): void {
    underway++
    const { lua, sha } = call.script
    const answer = whole ? link.eval(lua, 1, prefix, ...call.args) : link.evalsha(sha, 1, prefix, ...call.args)
    answer.then(
      (reply) => {
        settle(call).resolve(reply)
        answered()
      },
      (error: unknown) => {
        if (isUnknownScript(error)) {
          refused.push(call)
          held ??= []
        } else settle(call).reject(unavailable(error))
        answered()
      },
    )
  }

  function answered(): void {
    underway--
    if (underway > 0 || held === undefined) return
    const again = [...refused, ...held]
    refused = []
    held = undefined
    const sent = new Set<Script>()
    for (const call of again) {
      send(call, !sent.has(call.script))
      sent.add(call.script)
    }
  }

  function settle(call: Call): Call {
    deadlines.delete(call)
    return call
  }

  return {
    run(script, args) {
      if (link.status !== 'ready') return Promise.reject(unavailable(new Error('it is not connected')))
      return new Promise((resolve, reject) => {
        const due = () => reject(unavailable(new Error('it did not answer in time')))
        const call: Call = { script, args, resolve, reject, due, at: clock.monotonic() + patience }
        deadlines.add(call)
        if (held) held.push(call)
        else send(call)
      })
    },
    close: () => deadlines.close(),
  }
}
