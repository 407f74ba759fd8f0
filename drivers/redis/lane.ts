import type { Redis } from 'ioredis'
import { type Clock, wait } from '../../core/clock.js'
import type { DriverContext } from '../../core/ports/driver.js'
import { createDeadlines, type Deadline } from '../../core/queue/deadlines.js'
import { failure, isMoved, isUnknownScript, unavailable } from './errors.js'
import { findOwners, type Library, type Link, type SentCommand } from './library.js'
import type { Script, ScriptText } from './script.js'

/**
 * Calls of scripts that reach Redis in their order, also when it has forgotten a script, or another node of a cluster has the slot now. They
 * fail at once while the link is down, and nothing is sent twice. Rejects with `ERR_DRIVER_UNAVAILABLE`.
 */
export interface Lane {
  /** @param read Takes what Redis answers, with buffers for texts. What it throws rejects the call. */
  run<T>(script: Script, args: readonly ScriptText[], read: (reply: unknown) => T): Promise<T>
  close(): void
}

/** An answer with strings for texts. */
export function asText(reply: unknown): unknown {
  if (Array.isArray(reply)) return reply.map(asText)
  return Buffer.isBuffer(reply) ? reply.toString() : reply
}

export interface LaneDeps {
  readonly link: Link
  /** The link, when it is one connection that the driver made: it may be written to before ioredis knows of a call. */
  readonly plain: Redis | undefined
  readonly library: Pick<Library, 'command'>
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
  readonly args: readonly ScriptText[]
  refusals: number
  isUnderway: boolean
  resolve(reply: unknown): void
  reject(error: unknown): void
}

export function createLane({ link, plain, library, prefix, clock, connected, patience, untraced }: LaneDeps): Lane {
  const deadlines = createDeadlines(clock)
  /** Sent, and neither answered nor given up. */
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
    call.isUnderway = true
    const { script, args } = call
    const [name, text] = script === unknown ? ['eval', script.lua] : ['evalsha', script.sha]
    const command = library.command(name, [text, '1', prefix, ...args.map(String)])
    write(command)
    command.promise.then(
      () => {
        sure = refused.length === 0
        settle(call).resolve(command.reply)
        leave(call)
      },
      (error: unknown) => {
        if (call.isUnderway && call.refusals < mostRefusals && isRefusal(call, error)) {
          sure = false
          call.refusals++
          refused.push(call)
        } else settle(call).reject(failure(error))
        leave(call)
      },
    )
  }

  /**
   * Redis writes last to those whom it had something to tell first: behind a ping, what a call publishes goes out before its answer, and does not wait
   * while that wakes this process. Both are written before ioredis makes its notes of them, as those take time too.
   */
  function write(command: SentCommand): void {
    const direct = underway === 1 && plain?.status === 'ready' && plain.stream.writable ? plain : undefined
    if (direct === undefined) return void link.sendCommand(command)
    direct.stream.write(ping + command.toWritable(direct.stream))
    for (const each of [library.command('ping', []), command]) {
      each.promise.catch(() => {}) // Who waits for it hears of it.
      direct.sendCommand(each, isWritten)
    }
  }

  /** It was not carried out, and may be if it is sent otherwise. */
  function isRefusal(call: Call, error: unknown): boolean {
    if (isUnknownScript(error)) unknown ??= call.script
    else if (isMoved(error)) moved = true
    else return false
    return true
  }

  /** It was answered, or nobody waits for that any more. */
  function leave(call: Call): void {
    if (!call.isUnderway) return
    call.isUnderway = false
    underway--
    if (underway > 0) pump()
    else if (moved) void relocate()
    else again()
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
    run(script, args, read) {
      if (link.status !== 'ready') return Promise.reject(unavailable(new Error('it is not connected')))
      return new Promise((resolve, reject) => {
        const due = () => {
          reject(unavailable(new Error('it did not answer in time')))
          leave(call)
        }
        const at = clock.monotonic() + patience
        const conclude = (reply: unknown) => {
          try {
            resolve(read(reply))
          } catch (error) {
            reject(error)
          }
        }
        const call: Call = { script, args, refusals: 0, isUnderway: false, resolve: conclude, reject, due, at }
        waiting.push(call)
        untraced(pump)
        deadlines.add(call)
      })
    },
    close: () => deadlines.close(),
  }
}

const ping = '*1\r\n$4\r\nping\r\n'
/** What ioredis writes to is written already. */
const isWritten = { write() {} } as unknown as Parameters<Redis['sendCommand']>[1]

/** How often a call is sent again that was not taken, and how long after the second time, in milliseconds. */
const mostRefusals = 20
const betweenTries = 100
