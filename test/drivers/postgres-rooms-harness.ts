import assert from 'node:assert/strict'
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import type { BrokerState, RoomsDriver } from '../../core/ports/rooms.js'
import { type PostgresRoomsOptions, postgresRooms } from '../../drivers/postgres/rooms.js'
import type { RoomsHarness } from '../conformance/rooms/harness.js'
import { eventually } from '../kit/eventually.js'
import { startProxy, type TcpProxy } from '../services/proxy.js'

/** What harnesses of one test file share. Every harness has a schema of its own. */
export interface RoomsBench {
  create(): Promise<RoomsHarness>
  stop(): Promise<void>
}

/** A driver, what it was told, and how it is cut off. */
interface Subject {
  readonly driver: RoomsDriver
  readonly states: readonly BrokerState[]
  started: boolean
  cut: boolean
  readonly sever: () => Promise<void>
  readonly heal: () => void
}

/** Over a server. Every driver has a link of its own. */
export async function serverBench(url: string, options: PostgresRoomsOptions = {}): Promise<RoomsBench> {
  const pool = new pg.Pool({ connectionString: url, max: 3 })
  pool.on('error', () => {}) // Connections end when the server does.
  const proxies = await Promise.all(Array.from({ length: 8 }, () => startProxy(Number(new URL(url).port))))
  return {
    async create() {
      const free = [...proxies]
      for (const proxy of free) proxy.accept()
      return harnessOver({
        query: async (text, values) => (await pool.query<Record<string, unknown>>(text, values && [...values])).rows,
        async transaction(work) {
          const client = await pool.connect()
          try {
            await client.query('begin')
            const result = await work(client)
            await client.query('commit')
            return result
          } catch (error) {
            await client.query('rollback')
            throw error
          } finally {
            client.release()
          }
        },
        subject(more) {
          const proxy = free.pop() as TcpProxy
          return {
            driver: postgresRooms({ url: proxy.via(url), ...options, ...more }),
            async sever() {
              proxy.refuse()
              proxy.sever()
            },
            heal: proxy.accept,
          }
        },
      })
    },
    async stop() {
      await Promise.all(proxies.map((proxy) => proxy.close()))
      await pool.end()
    },
  }
}

/** Over one PGlite. Nobody can be cut off from it: calls through a facade fail as if it were closed. */
export async function embeddedBench(): Promise<RoomsBench> {
  const database = await PGlite.create('memory://')
  return {
    async create() {
      const harness = await harnessOver({
        query: async (text, values) =>
          (await database.query<Record<string, unknown>>(text, values && [...values])).rows,
        transaction: (work) => database.transaction(work),
        subject(more) {
          const { client, cut } = facade(database)
          const driver = postgresRooms({ client, ...more })
          return {
            driver,
            async sever() {
              cut(true)
              await assert.rejects(driver.heads(['room']))
            },
            heal: () => cut(false),
          }
        },
      })
      return { ...harness, apart: () => postgresRooms({ dataDir: 'memory://' }) }
    },
    stop: () => database.close(),
  }
}

function facade(database: PGlite) {
  let isCut = false
  function check(): void {
    if (isCut) throw new Error('PGlite is closed')
  }
  return {
    cut(value: boolean) {
      isCut = value
    },
    client: {
      async query(text: string, values?: unknown[]) {
        check()
        return await database.query(text, values)
      },
      async exec(text: string) {
        check()
        return await database.exec(text)
      },
      async transaction(work: Parameters<PGlite['transaction']>[0]) {
        check()
        return await database.transaction(work)
      },
      async listen(channel: string, hear: (payload: string) => void) {
        check()
        return await database.listen(channel, (payload) => isCut || hear(payload))
      },
    },
  }
}

interface Backend {
  query(text: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>
  transaction<T>(work: (tx: unknown) => Promise<T>): Promise<T>
  subject(options: PostgresRoomsOptions): Pick<Subject, 'driver' | 'sever' | 'heal'>
}

let schemas = 0

async function harnessOver({ query, transaction, subject }: Backend): Promise<RoomsHarness> {
  const schema = `rooms_${process.pid}_${++schemas}`
  const subjects = new Map<RoomsDriver, Subject>()
  let offset = 0

  function open(): RoomsDriver {
    const { driver, ...levers } = subject({ schema, clockOffset: () => offset })
    const states: BrokerState[] = []
    const one: Subject = { driver, states, started: false, cut: false, ...levers }
    const { listen, start } = driver
    driver.listen = (listener) =>
      listen({
        ...listener,
        state(state) {
          states.push(state)
          listener.state(state)
        },
      })
    driver.start = async (context) => {
      await start?.(context)
      one.started = true
    }
    subjects.set(driver, one)
    return driver
  }

  async function interrupt(driver: RoomsDriver): Promise<() => Promise<void>> {
    const one = subjects.get(driver) as Subject
    one.cut = true
    await one.sever()
    await eventually(() => assert.equal(one.states.at(-1), 'down'), patient)
    return async () => {
      one.cut = false
      one.heal()
      await eventually(() => assert.equal(one.states.at(-1), 'up'), patient)
    }
  }

  return {
    driver: open,
    async advance(ms) {
      offset += ms
    },
    transaction,
    interrupt,
    async lose(room, count) {
      if (count === undefined) return void (await query(`delete from ${schema}.room where name = $1`, [room]))
      const linked = [...subjects.values()].filter(({ started, cut }) => started && !cut)
      const heals = await Promise.all(linked.map(({ driver }) => interrupt(driver)))
      await query(loseEnd(schema), [room, count])
      await Promise.all(heals.map((heal) => heal()))
    },
    stop: async () => {},
  }
}

function loseEnd(schema: string): string {
  return `with log as (
    select id, greatest(seq - $2::int, low - 1) as seq from ${schema}.room where name = $1
  ), lost as (
    delete from ${schema}.room_message m using log where m.room = log.id and m.seq > log.seq
  ) update ${schema}.room r set seq = log.seq, last_id = (
    select m.id from ${schema}.room_message m where m.room = log.id and m.seq = log.seq
  ) from log where r.id = log.id`
}

const patient = { within: 20_000 }
