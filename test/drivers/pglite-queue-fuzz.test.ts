import { after, test } from 'node:test'
import fc from 'fast-check'
import { queueFuzz } from '../conformance/queue/fuzz/queue-fuzz.js'
import { embeddedDatabase } from './postgres/harness.js'

const { TRIPORT_LONG, TRIPORT_SEED } = process.env
const database = await embeddedDatabase()
after(database.stop)

queueFuzz({
  test: (name, run) => test(`${name}, on PGlite`, run),
  fc,
  create: database.harness,
  runs: TRIPORT_LONG ? 500 : 8,
  ...(TRIPORT_SEED ? { seed: Number(TRIPORT_SEED) } : TRIPORT_LONG ? {} : { seed: 2 }),
})
