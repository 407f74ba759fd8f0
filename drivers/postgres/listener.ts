import type { ClientBase, Notification } from 'pg'
import { type CancelTimer, within } from '../../core/clock.js'
import { TriportError } from '../../core/errors.js'
import { type ClientContext, type PostgresClient, quoted } from './database.js'
import { unavailable } from './failures.js'

/** Opens a connection to listen on. */
export type NewConnection = () => Promise<Connection>

interface Connection {
  readonly client: ClientBase
  end(): Promise<void>
}

/** Listens on one connection for all channels. */
export interface ChannelListener {
  readonly listen: PostgresClient['listen']
  close(): Promise<void>
}

interface Hearing {
  readonly channel: string
  on(payload: string): void
  onReconnect(): void
  readonly onLost: (() => void) | undefined
}

/** How often the connection is tried, and how long it may take to answer: together, how long a half-open one goes unnoticed. */
const watchInterval = 10_000
const watchTimeout = 8_000
/** The pause before the next attempt to connect, in milliseconds: doubled each time, and jittered. */
const firstPause = 100
const longestPause = 5_000

/** Keeps a connection for as long as somebody listens, and makes a new one whenever it breaks, for ever. */
export function createListener(connect: NewConnection, { clock, random, report }: ClientContext): ChannelListener {
  const hearings = new Set<Hearing>()
  let opening: Promise<Connection> | undefined
  let open: Connection | undefined
  let cancelWatch: CancelTimer = () => {}
  let cancelRetry: CancelTimer = () => {}
  let failures = 0
  let closed = false

  function onNotification({ channel, payload = '' }: Notification): void {
    for (const hearing of [...hearings]) if (hearing.channel === channel) hearing.on(payload)
  }

  /** The connection, with every channel listened to. */
  function connected(): Promise<Connection> {
    opening ??= establish().catch((error: unknown) => {
      opening = undefined
      throw unavailable(error)
    })
    return opening
  }

  async function establish(): Promise<Connection> {
    const connection = await connect()
    const { client } = connection
    if (closed) {
      await connection.end()
      throw new TriportError('ERR_NOT_STARTED', 'PostgreSQL: closed while connecting.')
    }
    client.on('notification', onNotification)
    client.on('end', () => lost(connection))
    client.on('error', () => lost(connection))
    open = connection
    try {
      for (const channel of new Set([...hearings].map((hearing) => hearing.channel))) await follow(connection, channel)
    } catch (error) {
      drop(connection)
      throw error
    }
    watchSoon(connection)
    return connection
  }

  async function follow({ client }: Connection, channel: string): Promise<void> {
    const listening = client.query(`listen ${quoted(channel)}`)
    if (!(await within(clock, watchTimeout, listening))) throw silent()
  }

  /** Notices a connection that breaks without a word. */
  function watchSoon(connection: Connection): void {
    cancelWatch = clock.after(watchInterval, () => {
      within(clock, watchTimeout, connection.client.query('select 1')).then(
        (answered) => {
          if (answered && open === connection) watchSoon(connection)
          else lost(connection)
        },
        () => lost(connection),
      )
    })
  }

  function drop(connection: Connection): void {
    connection.client.off('notification', onNotification)
    if (open === connection) {
      open = undefined
      opening = undefined
      cancelWatch()
    }
    connection.end().catch(() => {}) // It is broken: there is nobody to say goodbye to.
  }

  function lost(connection: Connection): void {
    if (open !== connection) return
    drop(connection)
    if (closed || hearings.size === 0) return
    for (const { onLost } of [...hearings]) onLost?.()
    report(new TriportError('ERR_DRIVER_UNAVAILABLE', 'PostgreSQL: the connection that listens was lost.'), {
      stage: 'postgres.listen',
    })
    reconnect(0)
  }

  function reconnect(pause: number): void {
    cancelRetry()
    cancelRetry = clock.after(pause, async () => {
      if (closed || hearings.size === 0) return
      try {
        await connected()
        failures = 0
        for (const hearing of [...hearings]) hearing.onReconnect()
      } catch (error) {
        failures++
        if (failures === 1) report(error, { stage: 'postgres.listen' })
        reconnect(Math.min(longestPause, firstPause * 2 ** (failures - 1)) * (0.5 + random() / 2))
      }
    })
  }

  return {
    async listen(channel, on, onReconnect, onLost) {
      const hearing: Hearing = { channel, on, onReconnect, onLost }
      const known = [...hearings].some((each) => each.channel === channel)
      hearings.add(hearing)
      try {
        const connection = await connected()
        if (!known) await follow(connection, channel)
      } catch (error) {
        hearings.delete(hearing)
        throw unavailable(error)
      }
      return {
        async close() {
          if (!hearings.delete(hearing) || [...hearings].some((each) => each.channel === channel)) return
          if (hearings.size === 0) return void (open && drop(open))
          await open?.client.query(`unlisten ${quoted(channel)}`).catch(() => {}) // Then it is heard, and ignored.
        },
      }
    },
    async close() {
      closed = true
      hearings.clear()
      cancelRetry()
      if (open) drop(open)
    },
  }
}

function silent(): TriportError {
  return new TriportError('ERR_DRIVER_UNAVAILABLE', 'PostgreSQL: the connection that listens does not answer.')
}
