import { loadPgBoss } from './libraries.js'
import type { PostgresTransaction } from './queue.js'

/** A transaction of Kysely, to be passed as `tx`. */
export function fromKysely(tx: object): PostgresTransaction {
  return adapted(({ fromKysely }) => fromKysely(tx as never))
}

/** A transaction of Drizzle, to be passed as `tx`. @param sql The `sql` of drizzle-orm. */
export function fromDrizzle(tx: object, sql: object): PostgresTransaction {
  return adapted(({ fromDrizzle }) => fromDrizzle(tx as never, sql as never))
}

/** A transaction of Knex, to be passed as `tx`. */
export function fromKnex(tx: object): PostgresTransaction {
  return adapted(({ fromKnex }) => fromKnex(tx as never))
}

/** A transaction of Prisma, to be passed as `tx`. */
export function fromPrisma(tx: object): PostgresTransaction {
  return adapted(({ fromPrisma }) => fromPrisma(tx as never))
}

type Boss = Awaited<ReturnType<typeof loadPgBoss>>

/** The adapters are pg-boss's, which is loaded when the first one is used. */
function adapted(adapter: (boss: Boss) => ReturnType<Boss['fromKnex']>): PostgresTransaction {
  let target: Promise<ReturnType<Boss['fromKnex']>> | undefined
  return {
    async executeSql(text, values) {
      target ??= loadPgBoss().then(adapter)
      return (await target).executeSql(text, values && [...values])
    },
  }
}
