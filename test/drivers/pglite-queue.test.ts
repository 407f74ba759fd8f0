import { after, test } from 'node:test'
import { queueConformance } from '../conformance/queue/index.js'
import { embeddedDatabase } from './postgres/harness.js'

const database = await embeddedDatabase()
after(database.stop)

queueConformance({ test: (name, run) => test(`${name}, on PGlite`, run), create: database.harness })
