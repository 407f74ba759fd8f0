import { within } from '../../core/clock.js'
import { TriportError } from '../../core/errors.js'
import type { DriverContext } from '../../core/ports/driver.js'
import type { OutgoingMessage, RoomsListener, RoomsPresence } from '../../core/ports/rooms.js'
import { callIn } from './caller.js'
import { openClient } from './client.js'
import { expectMigrated, migrate } from './migrate.js'
import type { PostgresClientOptions } from './options.js'
import { createBatches, type Positions } from './rooms-batches.js'
import { createListenerEar, createPollingEar } from './rooms-ear.js'
import { brokerFailure, failureOf } from './rooms-failures.js'
import { createFeed } from './rooms-feed.js'
import { createRoomsLink } from './rooms-link.js'
import { createRoomLogs, type Query, type RoomLogs } from './rooms-log.js'
import { createPresence } from './rooms-presence.js'
import { roomsChannel, roomsMigrations } from './rooms-schema.js'
import { startSweeping } from './rooms-sweep.js'

/** The rooms from start to stop. */
export interface RoomsNode {
  readonly logs: RoomLogs
  readonly presence: RoomsPresence
  publish(messages: readonly OutgoingMessage[], tx: unknown): Promise<Positions>
  /** Resolves when what is published from now on is heard. */
  hear(): Promise<void>
  stop(): Promise<void>
}

/** What a node tells. */
export interface Hearing extends RoomsListener {
  hears(room: string): boolean
}

/** Opens the database and finds or makes the tables in it. Nothing listens before `hear`. */
export async function openNode(options: NodeOptions, context: DriverContext, hearing: Hearing): Promise<RoomsNode> {
  const { schema = 'triport', migrate: createsTables = true, poolSize = 4, interval, clockOffset = () => 0 } = options
  const { clock, random, instanceId } = context
  const client = await openClient(
    { ...options, poolSize },
    // What the client would report of its connections, the rooms tell by their state.
    { clock, random, report() {}, lost: () => link.broken() },
  )
  const link = createRoomsLink({ probe, told: hearing.state, clock, random })
  const feed = createFeed(
    // While the database is away, the core could not read what it would be told of. It reads all of it afterwards.
    (room) => !link.isDown && hearing.hears(room),
    hearing.message,
  )
  const node = () => instanceId
  const ear = client.listens
    ? createListenerEar({ client, feed, lost: link.deaf, back: link.hearing, channel: roomsChannel(schema) })
    : createPollingEar({ client, feed, lost: link.deaf, back: link.hearing, schema, clock, interval, node })
  const logs = createRoomLogs({ schema, query, nextCall: callNames(random), clockOffset })
  const publish = (messages: readonly OutgoingMessage[]) => logs.publish(messages, query)
  const batches = createBatches({ send: publish, isRefused: (error) => failureOf(error) === 'refused', clock })

  function probe(): Promise<boolean> {
    return within(clock, probePatience, client.query('select 1', []))
  }

  async function guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await link.reach(work)
    } catch (error) {
      if (failureOf(error) === 'link') link.broken()
      throw brokerFailure(error)
    }
  }

  async function query(text: string, values: readonly unknown[]): ReturnType<Query> {
    return await guarded(() => client.query(text, values))
  }

  try {
    await (createsTables ? migrate : expectMigrated)(client, roomsMigrations(schema))
  } catch (error) {
    link.close()
    await client.close()
    throw error
  }
  const stopSweeping = startSweeping({ schema, query, clock, random, clockOffset })

  return {
    logs,
    presence: createPresence({ schema, query, node, clockOffset }),
    async publish(messages, tx) {
      if (messages.length === 0) return []
      if (tx === undefined) return await batches.publish(messages)
      return await logs.publish(messages, (text, values) => callIn(tx, text, values))
    },
    async hear() {
      if (link.isDeaf) throw new TriportError('ERR_BROKER_UNAVAILABLE', 'The connection that listens is being renewed.')
      await guarded(ear.open)
    },
    async stop() {
      stopSweeping()
      link.close()
      await ear.close()
      await client.close()
    },
  }
}

export interface NodeOptions extends PostgresClientOptions {
  /** Milliseconds between two polls. */
  readonly interval: number
  readonly clockOffset?: () => number
}

/** A name for every call of every node. */
function callNames(random: () => number): () => string {
  const name = Math.floor(random() * 36 ** 6).toString(36)
  let calls = 0
  return () => `${name}-${(++calls).toString(36)}`
}

/** Milliseconds after which a database that does not answer is away. */
const probePatience = 3_000
