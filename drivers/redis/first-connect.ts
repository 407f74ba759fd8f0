import type { Redis } from 'ioredis'
import { within } from '../../core/clock.js'
import { invalidConfig } from '../../core/driver-options.js'
import { errorFrom, TriportError } from '../../core/errors.js'
import type { DriverContext } from '../../core/ports/driver.js'
import { failure } from './errors.js'
import type { Link } from './library.js'
import type { Calls } from './link.js'
import type { Target } from './options.js'

/** How long a connection may take to be made, in milliseconds. */
export const connecting = 10_000

/** ioredis goes on trying when the first attempt fails. Who starts wants to know. */
export async function firstConnect(link: Link, { clock }: DriverContext, target: Target): Promise<void> {
  if (link.status === 'end')
    throw invalidConfig('client is closed. Pass one that is open, or connect it again before the start.')
  let told: unknown
  const note = (error: unknown) => {
    told = error
  }
  link.on('error', note)
  try {
    if (link.status === 'wait') await link.connect()
    else if (link.status !== 'ready') {
      const ready = new Promise<void>((resolve) => void link.once('ready', resolve))
      if (!(await within(clock, connecting, ready))) throw new Error('it was not ready in time')
    }
  } catch (error) {
    throw failure(told ?? error, `Redis${placeOf(target)} cannot be reached${hintOf(target, told ?? error)}`)
  } finally {
    link.off('error', note)
  }
}

/** For who has mistaken the address: never its user or password. */
function placeOf(target: Target): string {
  if (target.type !== 'single') return ''
  const { host, port = 6_379, sentinels } = target.options
  return sentinels ? ' of the Sentinels' : ` at ${host}:${port}`
}

/** A server without TLS waits for the rest of what it takes for a command, or answers in clear. */
function hintOf(target: Target, error: unknown): string {
  const { message } = errorFrom(error)
  if (message.includes('Unknown RESP type')) return '. What answers there is no Redis'
  const asksForTls = target.type !== 'client' && target.options.tls !== undefined
  if (!asksForTls || /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|certificate/i.test(message)) return ''
  return ' over TLS. If it has none there, write redis:// instead of rediss://, and leave out tls'
}

/** ioredis goes on in database 0 when the server refuses the one that was asked for. */
export async function checkDatabase(
  calls: Calls,
  { options: { db = 0 } }: Extract<Target, { type: 'single' }>,
): Promise<void> {
  if (db === 0) return
  try {
    await calls.send((link) => (link as Redis).select(Number(db)))
  } catch (cause) {
    const { message } = errorFrom(cause)
    if (!message.includes('DB index')) throw cause
    throw invalidConfig(`Redis does not have the database ${db}: ${message}`, cause)
  }
}

export async function checkServer(calls: Calls, { report }: DriverContext, name: string): Promise<void> {
  const info = String(await calls.send((link) => link.info()))
  const [major = 0, minor = 0] = /redis_version:(\d+)\.(\d+)/.exec(info)?.slice(1).map(Number) ?? []
  if (major > 0 && (major < 6 || (major === 6 && minor < 2))) {
    throw new TriportError(
      'ERR_UNSUPPORTED',
      `Redis ${major}.${minor} is too old. triport needs 6.2 or later, or Valkey.`,
    )
  }
  const policy = /maxmemory_policy:(\S+)/.exec(info)?.[1] ?? 'noeviction'
  if (policy !== 'noeviction') report(mayEvict(policy), { stage: `redis.${name}.start` })
}

function mayEvict(policy: string): TriportError {
  return new TriportError(
    'ERR_CONFIG_INVALID',
    `Redis has the maxmemory-policy "${policy}": when its memory is full, it drops jobs and messages and says nothing. ` +
      'Set it to noeviction.',
    { details: { policy } },
  )
}
