import type { Migrations } from './migrate.js'
import { roomsFunctions } from './rooms-functions.js'
import { presenceFunctions } from './rooms-presence.js'
import { roomsTables, roomsUpkeep } from './rooms-tables.js'

/** What the rooms need in the database. */
export function roomsMigrations(schema: string): Migrations {
  const step = [
    roomsTables(schema),
    roomsUpkeep(schema),
    roomsFunctions(schema, roomsChannel(schema)),
    presenceFunctions(schema),
  ]
  return { part: 'rooms', schema, steps: [step.join('')] }
}

/** The channel of all rooms of a schema. */
export function roomsChannel(schema: string): string {
  return `${schema}_rooms`
}
