import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { PGlite } from '@electric-sql/pglite'
import { wait } from '../../core/clock.js'
import { invalidConfig } from '../../core/driver-options.js'
import { TriportError } from '../../core/errors.js'
import type { ClientContext, PostgresClient, Queryable, Rows } from './database.js'
import { type DirectoryLock, lockDirectory } from './directory-lock.js'
import { unavailable } from './failures.js'
import { loadPglite } from './libraries.js'
import type { PostgresClientOptions } from './options.js'

/** How long a call waits for the one connection, in milliseconds. Less than `queueTimeout`, so that the cause is told. */
const longestWait = 3_000
/** How often is looked whether a transaction of the program has ended, in milliseconds. */
const lookEvery = 10

/** A database in this process. It has one connection: calls and transactions wait for each other. */
export async function openEmbedded(options: PostgresClientOptions, context: ClientContext): Promise<PostgresClient> {
  const { client, dataDir } = options
  if (client) {
    const database = client as unknown as PGlite
    return over(
      database,
      createTurns(context, () => isInTransaction(database)),
      async () => {},
    )
  }
  const directory = dataDir as string
  const key = directory.includes('://') ? directory : resolve(directory)
  const shared = key === 'memory://' ? open(key) : (databases.get(key) ?? open(key))
  databases.set(key, shared)
  shared.users++
  try {
    const { database, turns } = await shared.opening
    return over(database, turns(context), () => leave(key, shared))
  } catch (error) {
    await leave(key, shared)
    throw error
  }
}

/** A database that several drivers of this process use. */
interface Shared {
  users: number
  readonly opening: Promise<Started>
}

interface Started {
  readonly database: PGlite
  turns(context: ClientContext): Turns
  close(): Promise<void>
}

/** What is open in this process: a directory can be opened once. */
const databases = new Map<string, Shared>()

function open(directory: string): Shared {
  return { users: 0, opening: start(directory) }
}

async function start(directory: string): Promise<Started> {
  const { PGlite } = await loadPglite()
  const onDisk = !directory.includes('://')
  if (onDisk && (await isFile(directory))) {
    throw invalidConfig(
      `dataDir is ${JSON.stringify(directory)}, which is a file. Name a folder: it is made when there is none.`,
    )
  }
  const lock: DirectoryLock | undefined = onDisk ? await lockDirectory(directory) : undefined
  try {
    const database = await PGlite.create(directory)
    let turns: Turns | undefined
    return {
      database,
      turns(context) {
        turns ??= createTurns(context)
        return turns
      },
      async close() {
        await database.close()
        await lock?.release()
      },
    }
  } catch (error) {
    await lock?.release()
    throw error
  }
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => !found.isDirectory(),
    () => false, // It will be made.
  )
}

async function leave(key: string, shared: Shared): Promise<void> {
  if (--shared.users > 0) return
  if (databases.get(key) === shared) databases.delete(key)
  const opened = await shared.opening.catch(() => undefined) // Who opened it has heard of it.
  await opened?.close()
}

/** Lets one at a time use the connection. */
interface Turns {
  /** @param patient Waits as long as it takes: for transactions of the caller's own. */
  take<T>(work: () => Promise<T>, patient?: boolean): Promise<T>
}

/** @param isHeld Whether a transaction has the connection. Given where there may be transactions that do not take turns. */
function createTurns({ clock }: ClientContext, isHeld?: () => boolean): Turns {
  const waiting: (() => void)[] = []
  let busy = false

  function next(): void {
    const go = waiting.shift()
    if (go) go()
    else busy = false
  }

  function turn(patient: boolean): Promise<void> {
    if (!busy) {
      busy = true
      return Promise.resolve()
    }
    return new Promise((start, reject) => {
      const cancel = patient
        ? () => {}
        : clock.after(longestWait, () => {
            waiting.splice(waiting.indexOf(go), 1) // It must not run after its caller has given up.
            reject(blocked())
          })
      const go = () => {
        cancel()
        start()
      }
      waiting.push(go)
    })
  }

  /** Looks before a call is sent: what waits inside of the database would be carried out after its caller has given up. */
  async function released(held: () => boolean, until: number): Promise<void> {
    while (held()) {
      if (clock.monotonic() >= until) throw blocked()
      await wait(clock, lookEvery)
    }
  }

  return {
    async take(work, patient = false) {
      const until = clock.monotonic() + longestWait
      await turn(patient)
      try {
        if (isHeld && !patient) await released(isHeld, until)
        return await work()
      } finally {
        next()
      }
    },
  }
}

function blocked(): TriportError {
  return new TriportError(
    'ERR_DRIVER_UNAVAILABLE',
    `The embedded database was not free within ${longestWait} ms. It has one connection, and a transaction of this process ` +
      'holds it. If that transaction waits for this call, neither can go on: pass { tx } to calls inside of it.',
  )
}

function over(database: PGlite, turns: Turns, close: () => Promise<void>): PostgresClient {
  let open = true
  return {
    embedded: true,
    parallel: false,
    listens: true,
    query: (text, values) => turns.take(() => send(database, text, values)),
    run: (script) => turns.take(() => runScript(database, script)),
    transaction: (work) => turns.take(() => inTransaction(database, work), true),
    async listen(channel, on) {
      const stop = await turns.take(() => database.listen(`"${channel}"`, on).catch(refuse))
      return {
        async close() {
          if (open) await turns.take(() => stop())
        },
      }
    },
    async close() {
      if (!open) return
      open = false
      await turns.take(close, true)
    },
  }
}

/** PGlite's own word. What only looks like one may not have it. */
function isInTransaction({ Module }: Partial<Pick<PGlite, 'Module'>>): boolean {
  return Module?._IsTransactionBlock() === 1
}

async function inTransaction<T>(database: PGlite, work: (tx: Queryable) => Promise<T>): Promise<T> {
  const result = await database.transaction(async (tx) => {
    return { value: await work({ query: (text, values) => send(tx, text, values) }) }
  })
  return result.value
}

async function runScript(database: PGlite, script: string): Promise<Rows> {
  try {
    const results = await database.exec(script)
    return results.flatMap(({ rows }) => rows as Rows)
  } catch (error) {
    await database.exec('rollback').catch(() => {}) // What the script has begun must not hold the one connection.
    throw unavailable(error)
  }
}

async function send(target: Pick<PGlite, 'query'>, text: string, values?: readonly unknown[]): Promise<Rows> {
  try {
    const { rows } = await target.query<Record<string, unknown>>(text, values && [...values])
    return rows
  } catch (error) {
    throw unavailable(error)
  }
}

function refuse(error: unknown): never {
  throw unavailable(error)
}
